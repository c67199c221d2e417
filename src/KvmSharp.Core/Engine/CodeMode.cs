namespace KvmSharp.Engine;

/// <summary>What decoded code depends on besides its bytes: a block is found again only under the same mode.</summary>
internal static class CodeMode
{
    /// <summary>CS.D: 32-bit operands and addresses by default.</summary>
    public const uint Code32 = 1 << 0;

    /// <summary>CS.L in long mode.</summary>
    public const uint Code64 = 1 << 1;

    /// <summary>SS.B: pushes use ESP.</summary>
    public const uint Stack32 = 1 << 2;

    /// <summary>ES, SS and DS have base 0 and limit FFFFFFFFh, are writable and expand up: addresses need no check.</summary>
    public const uint FlatData = 1 << 3;

    /// <summary>CR0.PE set and not virtual-8086: selectors name descriptors.</summary>
    public const uint Protected = 1 << 4;

    /// <summary>CPL is 3: code was fetched with user rights.</summary>
    public const uint User = 1 << 5;

    /// <summary>EFLAGS.VM.</summary>
    public const uint Virtual8086 = 1 << 6;

    /// <summary>CR0.EM or CR0.TS: ESC instructions raise #NM.</summary>
    public const uint NoCoprocessor = 1 << 7;

    /// <summary>CR0.MP and CR0.TS: WAIT raises #NM.</summary>
    public const uint NoWait = 1 << 8;

    /// <summary>EFER.LMA: 64-bit or compatibility mode; some instructions and all of event delivery differ.</summary>
    public const uint LongMode = 1 << 10;

    /// <summary>Decoded for stepping: exactly one instruction, never linked.</summary>
    public const uint Step = 1 << 9;

    /// <summary>CR0.EM: MMX and SSE instructions raise #UD.</summary>
    public const uint Emulation = 1 << 16;

    /// <summary>CR0.EM, or CR4.OSFXSR clear: SSE instructions raise #UD.</summary>
    public const uint NoVectors = 1 << 17;
}
