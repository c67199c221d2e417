using System.Runtime.InteropServices;

namespace KvmSharp.Cpu;

/// <summary>A segment register with its hidden part, the descriptor cache. 16 bytes.</summary>
/// <remarks>
/// <see cref="Attributes"/> is laid out as the second doubleword of a descriptor from its bit 8 on, and as VMX keeps it
/// (Intel SDM Vol. 3C, "Guest Register State"), with the unusable bit at 16 folded down to bit 11, which a descriptor has
/// no use for:
/// <code>
/// 15 14 13 12 | 11       | 7  6 5  4  3..0
///  G DB  L AVL| unusable | P  DPL  S  type
/// </code>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct SegmentCache
{
    public const ushort TypeMask = 0x000F;
    public const ushort Accessed = 0x0001;
    public const ushort WritableOrReadable = 0x0002; // data: writable; code: readable
    public const ushort ExpandDownOrConforming = 0x0004; // data: expands down; code: conforming
    public const ushort Executable = 0x0008;
    public const ushort CodeOrData = 0x0010; // S
    public const ushort DplMask = 0x0060;
    public const int DplShift = 5;
    public const ushort PresentBit = 0x0080;
    public const ushort UnusableBit = 0x0800;
    public const ushort Available = 0x1000;
    public const ushort Long = 0x2000;
    public const ushort Big = 0x4000; // D/B
    public const ushort Granularity = 0x8000;

    /// <summary>Present, accessed, writable data at privilege level 0: what real mode works with.</summary>
    public const ushort RealModeData = PresentBit | CodeOrData | WritableOrReadable | Accessed;

    /// <summary>The same, executable: CS after reset and in real mode.</summary>
    public const ushort RealModeCode = RealModeData | Executable;

    public ulong Base;

    /// <summary>The limit in bytes (granularity already applied): the last valid offset, or for expand-down segments the last invalid one.</summary>
    public uint Limit;

    public ushort Selector;
    public ushort Attributes;

    public readonly bool Unusable => (Attributes & UnusableBit) != 0;

    public readonly bool IsCode => (Attributes & Executable) != 0;

    public readonly bool IsExpandDown => (Attributes & (Executable | ExpandDownOrConforming)) == ExpandDownOrConforming;

    public readonly bool IsReadable => (Attributes & (Executable | WritableOrReadable)) != Executable;

    public readonly bool IsWritable => (Attributes & (Executable | WritableOrReadable)) == WritableOrReadable;

    public readonly bool IsBig => (Attributes & Big) != 0;

    public readonly bool IsLong => (Attributes & Long) != 0;

    public int Dpl
    {
        readonly get => (Attributes & DplMask) >> DplShift;
        set => Attributes = (ushort)((Attributes & ~DplMask) | (value << DplShift));
    }

    /// <summary>Makes the cache that a real-mode segment load gives: base = selector * 16, everything else kept by the caller.</summary>
    /// <param name="selector">The value loaded.</param>
    public void LoadRealMode(ushort selector)
    {
        Selector = selector;
        Base = (ulong)selector << 4;
    }
}

/// <summary>The segment registers in the order of their encoding in ModR/M and of Iced's <c>Register.ES</c> and following.</summary>
internal enum SegmentIndex : byte
{
    Es,
    Cs,
    Ss,
    Ds,
    Fs,
    Gs,
    Ldtr,
    Tr,
}

/// <summary>GDTR or IDTR.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TableRegister
{
    public ulong Base;
    public ushort Limit;
}
