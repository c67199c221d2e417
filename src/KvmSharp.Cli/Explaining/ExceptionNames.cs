namespace KvmSharp.Cli;

/// <summary>The exceptions of the architecture. Intel SDM Vol. 3A, "Protected-Mode Exceptions and Interrupts".</summary>
internal static class ExceptionNames
{
    public const int Nmi = 2;
    public const int Breakpoint = 3;
    public const int Overflow = 4;
    public const int InvalidOpcode = 6;
    public const int DeviceNotAvailable = 7;
    public const int DoubleFault = 8;
    public const int InvalidTss = 10;
    public const int NotPresent = 11;
    public const int StackFault = 12;
    public const int GeneralProtection = 13;
    public const int PageFault = 14;

    private static readonly (string Mnemonic, string Name)[] All =
    [
        ("#DE", "divide error"), ("#DB", "debug exception"), ("NMI", "non-maskable interrupt"), ("#BP", "breakpoint"),
        ("#OF", "overflow"), ("#BR", "BOUND range exceeded"), ("#UD", "invalid opcode"), ("#NM", "device not available"),
        ("#DF", "double fault"), ("vector 9", "coprocessor segment overrun"), ("#TS", "invalid TSS"), ("#NP", "segment not present"),
        ("#SS", "stack-segment fault"), ("#GP", "general protection"), ("#PF", "page fault"), ("vector 15", "reserved"),
        ("#MF", "x87 floating-point error"), ("#AC", "alignment check"), ("#MC", "machine check"), ("#XM", "SIMD floating-point exception"),
    ];

    public static string MnemonicOf(int vector) => vector < All.Length ? All[vector].Mnemonic : $"vector {vector:X2}h";

    public static string NameOf(int vector) => vector < All.Length ? $"{All[vector].Mnemonic} ({All[vector].Name})" : $"vector {vector:X2}h";
}
