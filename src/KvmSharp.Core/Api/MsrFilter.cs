namespace KvmSharp;

/// <summary>Which model-specific registers guests may read and write. KVM_X86_SET_MSR_FILTER.</summary>
/// <remarks>
/// The first range that covers the register and the kind of access decides; where none does, the default. The registers of the x2APIC
/// (800h to 8FFh) are never filtered, as in KVM. The embedder's own <c>GetMsr</c> and <c>SetMsr</c> are not concerned.
/// </remarks>
public sealed class MsrFilter
{
    private const uint FirstX2Apic = 0x800;
    private const uint LastX2Apic = 0x8FF;

    private readonly MsrFilterRange[] _ranges;

    /// <summary>Initializes a new instance of the <see cref="MsrFilter"/> class.</summary>
    /// <param name="allowsByDefault">Whether registers outside all ranges may be accessed. KVM_MSR_FILTER_DEFAULT_ALLOW or _DENY.</param>
    /// <param name="ranges">The ranges, in the order in which they are asked. KVM takes 16; here there is no bound.</param>
    public MsrFilter(bool allowsByDefault, params ReadOnlySpan<MsrFilterRange> ranges)
    {
        AllowsByDefault = allowsByDefault;
        _ranges = ranges.ToArray();
    }

    /// <summary>Gets a value indicating whether registers outside all ranges may be accessed.</summary>
    public bool AllowsByDefault { get; }

    /// <summary>Gets the ranges.</summary>
    public IReadOnlyList<MsrFilterRange> Ranges => _ranges;

    /// <summary>Tells whether a guest may access a register.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="direction">Read for RDMSR.</param>
    /// <returns>Whether it may.</returns>
    public bool Allows(uint index, ExitDirection direction)
    {
        if (index is >= FirstX2Apic and <= LastX2Apic)
        {
            return true;
        }

        MsrAccess access = direction == ExitDirection.Read ? MsrAccess.Read : MsrAccess.Write;
        foreach (MsrFilterRange range in _ranges)
        {
            if (range.Covers(index) && (range.Access & access) != 0)
            {
                return range.Allows(index);
            }
        }

        return AllowsByDefault;
    }
}

/// <summary>One range of an <see cref="MsrFilter"/>. <c>struct kvm_msr_filter_range</c>.</summary>
public sealed class MsrFilterRange
{
    private readonly byte[] _allowed;

    /// <summary>Initializes a new instance of the <see cref="MsrFilterRange"/> class that treats each register by its bit.</summary>
    /// <param name="first">The first register.</param>
    /// <param name="count">Registers.</param>
    /// <param name="access">The accesses that the range decides.</param>
    /// <param name="allowed">One bit for each register, from bit 0 of byte 0: set when it may be accessed.</param>
    public MsrFilterRange(uint first, int count, MsrAccess access, ReadOnlySpan<byte> allowed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)count, (1UL << 32) - first, nameof(count));
        ArgumentOutOfRangeException.ThrowIfLessThan(allowed.Length, (count + 7) / 8, nameof(allowed));
        (First, Count, Access) = (first, count, access);
        _allowed = allowed.ToArray();
    }

    /// <summary>Initializes a new instance of the <see cref="MsrFilterRange"/> class that treats all its registers alike.</summary>
    /// <param name="first">The first register.</param>
    /// <param name="count">Registers.</param>
    /// <param name="access">The accesses that the range decides.</param>
    /// <param name="allows">Whether they may be accessed.</param>
    public MsrFilterRange(uint first, int count, MsrAccess access, bool allows)
        : this(first, count, access, Uniform(count, allows))
    {
    }

    /// <summary>Gets the first register.</summary>
    public uint First { get; }

    /// <summary>Gets the number of registers.</summary>
    public int Count { get; }

    /// <summary>Gets the accesses that the range decides.</summary>
    public MsrAccess Access { get; }

    internal bool Covers(uint index) => index >= First && index - First < (uint)Count;

    internal bool Allows(uint index) => (_allowed[(index - First) >> 3] >> (int)((index - First) & 7) & 1) != 0;

    private static byte[] Uniform(int count, bool allows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var bits = new byte[(count + 7) / 8];
        Array.Fill(bits, allows ? byte.MaxValue : (byte)0);
        return bits;
    }
}

/// <summary>Kinds of access to a model-specific register. The bits are KVM's (KVM_MSR_FILTER_READ, _WRITE).</summary>
[Flags]
public enum MsrAccess
{
    /// <summary>None: the range decides nothing.</summary>
    None = 0,

    /// <summary>RDMSR.</summary>
    Read = 1,

    /// <summary>WRMSR.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}
