namespace KvmSharp.Machines.Tests;

/// <summary>A guest without end that counts in RAM and writes what it has counted to a page of its own each time, to the screen, and to the serial port.</summary>
internal static class CountingGuest
{
    /// <summary>Where the 32-bit counter is.</summary>
    public const ulong Counter = 0x7E00;

    /// <summary>Gets the instructions of one round, about.</summary>
    public const ulong Round = 9;

    // mov ax,B800h; mov es,ax; again: inc dword [7E00h]; mov eax,[7E00h]; mov [bx+8000h],eax; add bx,1000h; mov es:[di],ax; add di,2;
    // mov dx,3F8h; out dx,al; jmp again
    private static readonly byte[] Code =
    [
        0xB8, 0x00, 0xB8, 0x8E, 0xC0,
        0x66, 0xFF, 0x06, 0x00, 0x7E, 0x66, 0xA1, 0x00, 0x7E, 0x66, 0x89, 0x87, 0x00, 0x80, 0x81, 0xC3, 0x00, 0x10, 0x26, 0x89, 0x05, 0x83, 0xC7, 0x02,
        0xBA, 0xF8, 0x03, 0xEE, 0xEB, 0xE2,
    ];

    /// <summary>Makes the options of its machine.</summary>
    public static PcOptions Options() => new()
    {
        Boot = new BootSource { Image = new ImageFile("counting", Code), Format = ImageFormat.Flat },
        MemoryBytes = 1 << 20,
        Deterministic = true,
    };

    /// <summary>Runs a machine for some instructions.</summary>
    public static void Run(PcMachine machine, ulong instructions) => machine.Run(new MachineRunOptions { MaxInstructions = instructions });

    /// <summary>Saves a machine to memory.</summary>
    public static byte[] Save(PcMachine machine)
    {
        using var stream = new MemoryStream();
        machine.Save(stream);
        return stream.ToArray();
    }

    /// <summary>Restores a machine from memory.</summary>
    public static PcMachine Restore(byte[] snapshot, MachineHost? host = null)
    {
        using var stream = new MemoryStream(snapshot);
        return PcMachine.Restore(stream, host);
    }

    /// <summary>Reads its counter.</summary>
    public static int Count(PcMachine machine)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        machine.Memory.TryRead(Counter, bytes).Should().BeTrue();
        return BitConverter.ToInt32(bytes);
    }
}
