namespace KvmSharp;

/// <summary>A segment register with its hidden part. Mirrors <c>struct kvm_segment</c>.</summary>
public readonly record struct SegmentRegister
{
    /// <summary>Gets the linear address of offset 0.</summary>
    public ulong Base { get; init; }

    /// <summary>Gets the limit in bytes, granularity applied: the last valid offset.</summary>
    public uint Limit { get; init; }

    /// <summary>Gets the visible selector.</summary>
    public ushort Selector { get; init; }

    /// <summary>Gets the type, 4 bits. Intel SDM Vol. 3A, "Code- and Data-Segment Descriptor Types".</summary>
    public byte Type { get; init; }

    /// <summary>Gets a value indicating whether P is set.</summary>
    public bool Present { get; init; }

    /// <summary>Gets the descriptor privilege level, 0 to 3. That of SS is the CPL.</summary>
    public byte Dpl { get; init; }

    /// <summary>Gets a value indicating whether D/B is set: 32-bit code, or a 32-bit stack.</summary>
    public bool DefaultBig { get; init; }

    /// <summary>Gets a value indicating whether S is set: a code or data segment. Clear for LDT and TSS. kvm_segment.s.</summary>
    public bool CodeOrData { get; init; }

    /// <summary>Gets a value indicating whether L is set: 64-bit code.</summary>
    public bool LongMode { get; init; }

    /// <summary>Gets a value indicating whether G is set: the descriptor counts its limit in pages.</summary>
    public bool Granularity { get; init; }

    /// <summary>Gets a value indicating whether AVL is set.</summary>
    public bool Available { get; init; }

    /// <summary>Gets a value indicating whether the register holds a null selector and may not be used.</summary>
    public bool Unusable { get; init; }

    /// <summary>Makes a flat 32-bit code segment at privilege 0.</summary>
    /// <param name="selector">Its selector.</param>
    /// <returns>Base 0, limit FFFFFFFFh, execute/read, accessed.</returns>
    public static SegmentRegister FlatCode32(ushort selector) => FlatData32(selector) with { Type = 0xB };

    /// <summary>Makes a 64-bit code segment at privilege 0.</summary>
    /// <param name="selector">Its selector.</param>
    /// <returns>L set and D clear; base and limit mean nothing in 64-bit mode.</returns>
    public static SegmentRegister FlatCode64(ushort selector) => FlatCode32(selector) with { LongMode = true, DefaultBig = false };

    /// <summary>Makes a flat 32-bit data segment at privilege 0.</summary>
    /// <param name="selector">Its selector.</param>
    /// <returns>Base 0, limit FFFFFFFFh, read/write, accessed.</returns>
    public static SegmentRegister FlatData32(ushort selector) => new()
    {
        Selector = selector,
        Limit = uint.MaxValue,
        Type = 0x3,
        Present = true,
        CodeOrData = true,
        DefaultBig = true,
        Granularity = true,
    };

    /// <summary>Makes a real-mode segment.</summary>
    /// <param name="selector">Its selector; the base is 16 times that.</param>
    /// <returns>Limit FFFFh, read/write, accessed: in real mode CS may have it too.</returns>
    public static SegmentRegister RealMode(ushort selector) => new()
    {
        Selector = selector,
        Base = (ulong)selector << 4,
        Limit = ushort.MaxValue,
        Type = 0x3,
        Present = true,
        CodeOrData = true,
    };
}

/// <summary>GDTR or IDTR. Mirrors <c>struct kvm_dtable</c>.</summary>
/// <param name="Base">Linear address of entry 0.</param>
/// <param name="Limit">Last valid offset in bytes.</param>
public readonly record struct DescriptorTable(ulong Base, ushort Limit);
