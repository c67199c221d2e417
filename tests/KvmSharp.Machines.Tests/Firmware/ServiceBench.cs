using System.Text;

namespace KvmSharp.Machines.Tests;

/// <summary>The firmware without a processor: frames in memory, ports that keep their last byte, a plain video memory.</summary>
internal sealed class ServiceBench
{
    private const ushort Stack = 0x6000;

    public ServiceBench(BootMedia? media = null, IReadOnlyList<BootDevice>? order = null, bool screen = false, bool pci = false, bool console = false)
    {
        media ??= new BootMedia();
        Ports.Map(0, PcLayout.FirmwareCall, Latches);
        var parts = new FirmwareParts
        {
            Memory = Memory,
            Ports = Ports,
            Mmio = new MmioBus(),
            Ram = PcLayout.Ram(2 << 20),
            Floppies = media.Floppies,
            Disks = media.Disks,
            Cdroms = media.Cdroms,
            BootOrder = order ?? [BootDevice.Floppy, BootDevice.Disk, BootDevice.Cdrom],
            HasScreen = screen,
            HasPci = pci,
            SerialConsole = console,
            NothingToBoot = reason => NothingToBoot = reason,
        };
        parts.Mmio.Map(0xA_0000, (ulong)Video.Bytes.Length, Video);
        Firmware = PcFirmware.Install(parts);
        Firmware.PowerOn();
        Latches.Writes.Clear();
        Latches.Sent.Clear();
    }

    public ArrayMemory Memory { get; } = new(2 << 20);

    public PortBus Ports { get; } = new();

    public LatchPorts Latches { get; } = new();

    public VideoRam Video { get; } = new();

    public PcFirmware Firmware { get; }

    public string? NothingToBoot { get; private set; }

    public string Serial => Encoding.Latin1.GetString([.. Latches.Sent]);

    public CallRegisters Call(byte service, CallRegisters registers)
    {
        Memory.TryWrite(Stack, registers.ToFrame(service));
        Ports.Write(PcLayout.FirmwareCall, 4, Stack);
        return CallRegisters.FromFrame(Memory.Bytes.AsSpan(Stack, 44));
    }

    public void Print(string text)
    {
        foreach (char character in text)
        {
            Call(0x10, new CallRegisters { Eax = 0x0E00u | character });
        }
    }

    /// <summary>The characters of a row on the screen, trailing blanks removed.</summary>
    public string Row(int row) => string.Concat(Enumerable.Range(0, 80).Select(c => (char)Video.Bytes[0x1_8000 + (160 * row) + (2 * c)])).TrimEnd();
}

/// <summary>Ports below the firmware's that remember what was written; the serial port is always ready.</summary>
internal sealed class LatchPorts : IPortDevice
{
    private const ushort LineStatus = PcLayout.Com1 + 5;

    private readonly byte[] _bytes = new byte[PcLayout.FirmwareCall];

    public List<(ushort Port, byte Value)> Writes { get; } = [];

    public List<byte> Sent { get; } = [];

    public byte this[ushort port] { get => _bytes[port]; set => _bytes[port] = value; }

    public uint ReadPort(ushort offset, int width) => offset == LineStatus ? 0x60u : _bytes[offset];

    public void WritePort(ushort offset, int width, uint value)
    {
        _bytes[offset] = (byte)value;
        Writes.Add((offset, (byte)value));
        if (offset == PcLayout.Com1)
        {
            Sent.Add((byte)value);
            _bytes[offset] = 0;
        }
    }
}

/// <summary>128 KiB that are read and written as they are.</summary>
internal sealed class VideoRam : IMmioDevice
{
    public byte[] Bytes { get; } = new byte[128 * 1024];

    public ulong ReadMmio(ulong offset, int width) => Bytes[offset];

    public void WriteMmio(ulong offset, int width, ulong value) => Bytes[offset] = (byte)value;
}
