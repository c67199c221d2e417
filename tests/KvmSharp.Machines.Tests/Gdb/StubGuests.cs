using KvmSharp.Tests.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

/// <summary>Small guests for tests of the stub, by their bytes.</summary>
internal static class StubGuests
{
    public const ulong Start = 0x10_0000;
    public const ulong Loop = 0x10_0005;
    public const ulong Store = 0x10_0006;
    public const ulong BehindStore = 0x10_000B;
    public const ulong PowerOff = 0x10_0012;
    public const ulong Word = 0x20_0000;

    /// <summary>Instructions of <see cref="Counting"/>: four in each of 4,096 rounds, one before, three behind.</summary>
    public const ulong Instructions = 1 + (4 * 0x1000) + 3;

    /// <summary>Counts to 1000h in memory and switches off.</summary>
    public static byte[] Counting { get; } =
    [
        0xB8, 0x00, 0x00, 0x00, 0x00, // mov eax,0
        0x40,                         // Loop: inc eax
        0xA3, 0x00, 0x00, 0x20, 0x00, // mov [200000h],eax
        0x3D, 0x00, 0x10, 0x00, 0x00, // cmp eax,1000h
        0x75, 0xF3,                   // jne Loop
        0x66, 0xBA, 0x04, 0x06,       // mov dx,604h
        0x66, 0xB8, 0x00, 0x20,       // mov ax,2000h
        0x66, 0xEF,                   // out dx,ax
    ];

    /// <summary>inc dword [200000h], for ever.</summary>
    public static byte[] Endless { get; } = [0xFF, 0x05, 0x00, 0x00, 0x20, 0x00, 0xEB, 0xF8];

    public static PcOptions Options(byte[] code, StartMode mode = StartMode.Protected32) => new()
    {
        Boot = new BootSource
        {
            Image = new ImageFile("test", code),
            Format = ImageFormat.Flat,
            Placement = new FlatPlacement { Mode = mode, LoadAddress = (uint)Start },
        },
        MemoryBytes = 4 << 20,
        Deterministic = true,
    };

    public static DebuggedMachine Debug(byte[] code, bool wait = true, bool deterministic = true) =>
        new(Options(code) with { Deterministic = deterministic }, wait);
}
