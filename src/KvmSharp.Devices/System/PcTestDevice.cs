using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>QEMU's <c>pc-testdev</c>, by which kvm-unit-tests watches an emulator: ports, memory, and interrupt lines by hand.</summary>
/// <remarks>
/// Twelve ports: offsets 0 to 3 are one doubleword for accesses of any width, 8 to 11 the same doubleword by bytes; 4 to 7 take a page's address
/// whose mapping the host is to make anew, which nobody can see here. 64 KiB of memory keep what is written. <see cref="InterruptLines"/>: a byte written
/// at offset n sets line n, 0 releases it. What is write-only reads as all ones. Source: QEMU, hw/misc/pc-testdev.c.
/// </remarks>
public sealed class PcTestDevice : IPortDevice, IMmioDevice, IStateful<PcTestDeviceState>
{
    /// <summary>The ports, from E0h on in a PC.</summary>
    public const int Ports = 12;

    /// <summary>The bytes of memory, from FF000000h on in a PC.</summary>
    public const int MemoryBytes = PcTestDeviceMemory.Length;

    /// <summary>The ports of <see cref="InterruptLines"/>, from 2000h on in a PC.</summary>
    public const int LineCount = 24;

    private const int FlushOffset = 4;
    private const int BytesOffset = 8;
    private const byte OpenBus = 0xFF;

    private readonly IReadOnlyList<ISignal> _lines;
    private PcTestDeviceState _s;

    /// <summary>Makes the device with zeros everywhere.</summary>
    /// <param name="lines">The interrupt lines by number, at most 24; numbers that are missing lead nowhere.</param>
    public PcTestDevice(IReadOnlyList<ISignal> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        _lines = lines;
        InterruptLines = new LinePorts(this);
    }

    /// <summary>Gets the ports that set interrupt lines.</summary>
    public IPortDevice InterruptLines { get; }

    /// <inheritdoc/>
    public PcTestDeviceState Save() => _s;

    /// <inheritdoc/>
    public void Load(in PcTestDeviceState state)
    {
        _s = state;
        for (int line = 0; line < Math.Min(LineCount, _lines.Count); line++)
        {
            _lines[line].Drive((_s.Lines & (1u << line)) != 0);
        }
    }

    /// <inheritdoc/>
    public void Reset() => Load(default);

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width)
    {
        uint value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            int port = offset + lane;
            value |= (uint)(KeepsByte(port) ? (byte)(_s.PortData >> ShiftOf(port)) : OpenBus) << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value)
    {
        for (int lane = 0; lane < width; lane++)
        {
            int port = offset + lane;
            if (KeepsByte(port))
            {
                _s.PortData = (_s.PortData & ~(0xFFu << ShiftOf(port))) | ((value >> (8 * lane)) & 0xFF) << ShiftOf(port);
            }
        }
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int width)
    {
        ulong value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (ulong)_s.Memory[(int)((offset + (uint)lane) % MemoryBytes)] << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
        for (int lane = 0; lane < width; lane++)
        {
            _s.Memory[(int)((offset + (uint)lane) % MemoryBytes)] = (byte)(value >> (8 * lane));
        }
    }

    private static bool KeepsByte(int port) => port is < FlushOffset or (>= BytesOffset and < Ports);

    private static int ShiftOf(int port) => 8 * (port % sizeof(uint));

    private void SetLine(int line, bool asserted)
    {
        _s.Lines = asserted ? _s.Lines | (1u << line) : _s.Lines & ~(1u << line);
        if (line < _lines.Count)
        {
            _lines[line].Drive(asserted);
        }
    }

    private sealed class LinePorts(PcTestDevice device) : BytePortDevice(LineCount)
    {
        protected override byte ReadByte(int port) => OpenBus;

        protected override void WriteByte(int port, byte value) => device.SetLine(port, value != 0);
    }
}

/// <summary>All that a <see cref="PcTestDevice"/> remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct PcTestDeviceState
{
    /// <summary>The memory; a field, since 64 KiB are changed in place.</summary>
    internal PcTestDeviceMemory Memory;

    /// <summary>Gets or sets the doubleword behind the ports.</summary>
    public uint PortData { get; set; }

    /// <summary>Gets or sets the interrupt lines that are asserted, one bit each.</summary>
    public uint Lines { get; set; }
}

/// <summary>The memory of a <see cref="PcTestDevice"/>.</summary>
[InlineArray(Length)]
public struct PcTestDeviceMemory
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 0x1_0000;

    private byte _first;
}
