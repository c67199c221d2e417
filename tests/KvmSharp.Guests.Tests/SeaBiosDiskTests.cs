using System.Buffers.Binary;
using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests;

/// <summary>Unmodified SeaBIOS boots from each kind of drive: ATA and ATAPI by PIO, the floppy by DMA.</summary>
public sealed class SeaBiosDiskTests : IDisposable
{
    private const string Rom = "/usr/share/seabios/bios-256k.bin";
    private const ulong InstructionLimit = 200_000_000;
    private const string Message = "read by the boot sector";

    /// <summary>Reads the second sector of its drive by int 13h to 7E00h, writes the text there to the debug console, and resets.</summary>
    private static readonly byte[] BootCode =
    [
        0x31, 0xC0,             // xor ax, ax
        0x8E, 0xD8,             // mov ds, ax
        0x8E, 0xC0,             // mov es, ax
        0xB8, 0x01, 0x02,       // mov ax, 0201h
        0xBB, 0x00, 0x7E,       // mov bx, 7E00h
        0xB9, 0x02, 0x00,       // mov cx, 2
        0xB6, 0x00,             // mov dh, 0
        0xCD, 0x13,             // int 13h
        0xBE, 0x00, 0x7E,       // mov si, 7E00h
        0xAC,                   // lodsb
        0x84, 0xC0,             // test al, al
        0x74, 0x04,             // jz +4
        0xE6, 0xE9,             // out E9h, al
        0xEB, 0xF7,             // jmp to the lodsb
        0xB0, 0xFE, 0xE6, 0x64, // mov al, FEh; out 64h, al
        0xF4,                   // hlt
        0xEB, 0xFD,             // jmp to the hlt
    ];

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [SeaBiosFact]
    public void Boot_HardDisk_RunsItsBootSector()
    {
        WriteImage(BootImage(1 << 20));
        Run(new PcOptions { Disks = [new DiskAttachment(new DiskSpec(_path) { Format = DiskFormat.Raw })] }).Should().Contain(Message);
    }

    [SeaBiosFact]
    public void Boot_Floppy_RunsItsBootSector()
    {
        WriteImage(BootImage(2880 * 512));
        Run(new PcOptions { Floppy = new DiskSpec(_path) { Format = DiskFormat.Raw } }).Should().Contain(Message);
    }

    [SeaBiosFact]
    public void Boot_Cdrom_RunsItsElToritoImage()
    {
        WriteImage(ElTorito(BootImage(2048)));
        Run(new PcOptions { Cdrom = new DiskSpec(_path) { Format = DiskFormat.Raw } }).Should().Contain(Message);
    }

    private static byte[] BootImage(int length)
    {
        var image = new byte[length];
        BootCode.CopyTo(image, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(510), 0xAA55);
        Encoding.ASCII.GetBytes(Message).CopyTo(image, 512);
        return image;
    }

    /// <summary>As much of a CD as El Torito needs: a boot record in block 17, a catalog in block 18, the image in block 19, loaded whole.</summary>
    private static byte[] ElTorito(byte[] boot)
    {
        const int Block = 2048;
        var disc = new byte[20 * Block];
        Span<byte> record = disc.AsSpan(17 * Block);
        "CD001\u0001EL TORITO SPECIFICATION"u8.CopyTo(record[1..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[0x47..], 18);
        Span<byte> catalog = disc.AsSpan(18 * Block);
        catalog[0] = 1; // validation entry
        (catalog[30], catalog[31]) = (0x55, 0xAA);
        BinaryPrimitives.WriteUInt16LittleEndian(catalog[28..], unchecked((ushort)-(1 + 0xAA55)));
        catalog[32] = 0x88; // bootable, no emulation
        BinaryPrimitives.WriteUInt16LittleEndian(catalog[38..], 4); // sectors of 512 bytes
        BinaryPrimitives.WriteUInt32LittleEndian(catalog[40..], 19);
        boot.CopyTo(disc, 19 * Block);
        return disc;
    }

    private static string Run(PcOptions options)
    {
        var serial = new SerialBuffer();
        using var machine = new PcMachine(options with
        {
            Bios = ImageFile.Read(Rom, 1 << 20),
            Serial = serial,
            Deterministic = true,
            NoReboot = true,
        });
        machine.Run(new MachineRunOptions { MaxInstructions = InstructionLimit }).Reason.Should().Be(MachineStopReason.Reset);
        return Encoding.Latin1.GetString(serial.Output());
    }

    private void WriteImage(byte[] bytes) => File.WriteAllBytes(_path, bytes);

    /// <summary>A test that needs SeaBIOS's ROM; elsewhere it is skipped and says why.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SeaBiosFactAttribute : FactAttribute
    {
        public SeaBiosFactAttribute() => Skip = File.Exists(Rom) ? null : $"There is no {Rom}: install the package seabios.";
    }
}
