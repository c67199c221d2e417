using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>The memory of a VGA as the processor sees it at A0000h to BFFFFh: the ways from one byte of its own to four planes and back.</summary>
/// <remarks>
/// The four bytes of a place are handled as one 32-bit number, plane 0 lowest. Source: FreeVGA, "Accessing the VGA Display Memory" and
/// "Graphics Registers".
/// </remarks>
internal sealed class VgaAperture(VideoMemory memory, VgaIndexedRegisters sequencer, VgaIndexedRegisters graphics, BochsDisplay? extension) : IMmioDevice
{
    private const byte OpenBus = 0xFF;
    private const int PlaceMask = 0xFFFF; // 64 Ki places
    private const int PlaneMask = 3;
    private const byte AllPlanes = 0x0F;
    private const byte EvenPlanes = 0x05;
    private const byte OddPlanes = 0x0A;

    public bool IsEnabled { get; set; }

    public uint Latches { get; set; }

    public ulong ReadMmio(ulong offset, int width)
    {
        ulong value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (ulong)Read((int)offset + lane) << (8 * lane);
        }

        return value;
    }

    public void WriteMmio(ulong offset, int width, ulong value)
    {
        for (int lane = 0; lane < width; lane++)
        {
            Write((int)offset + lane, (byte)(value >> (8 * lane)));
        }
    }

    private static int Wrap(int address, int size) => address & (size - 1);

    // A bit for each plane becomes a byte of ones for each plane.
    private static uint Expand(int planes) =>
        (uint)(((planes & 1) * 0xFF) | ((planes >> 1 & 1) * 0xFF00) | ((planes >> 2 & 1) * 0xFF_0000)) | ((uint)(planes >> 3 & 1) * 0xFF00_0000);

    private static uint Repeat(byte value) => value * 0x0101_0101u;

    private byte Read(int offset)
    {
        if (!IsEnabled || !TryFind(offset, out int address))
        {
            return OpenBus;
        }

        if (extension is { IsLinear: true })
        {
            return memory.Look(Wrap(extension.BankStart + address, memory.Length), 1)[0];
        }

        int mode = graphics[VgaGraphicsController.Mode];
        bool chained = (sequencer[VgaSequencer.MemoryMode] & VgaSequencer.Chain4) != 0;
        int plane = graphics[VgaGraphicsController.ReadMapSelect];
        if (chained)
        {
            plane = address & PlaneMask;
        }
        else if ((mode & VgaGraphicsController.HostOddEven) != 0)
        {
            plane = (plane & ~1) | (address & 1);
        }

        Latches = BinaryPrimitives.ReadUInt32LittleEndian(memory.Look(Place(address, chained), sizeof(uint)));
        return (mode & VgaGraphicsController.ReadModeCompare) != 0 && !chained ? Compare() : (byte)(Latches >> (8 * plane));
    }

    // Read mode 1: a bit is set where the pixel has the compare colour, in the planes that are cared for.
    private byte Compare()
    {
        uint different = (Latches ^ Expand(graphics[VgaGraphicsController.ColorCompare])) & Expand(graphics[VgaGraphicsController.ColorDontCare]);
        different |= different >> 16;
        different |= different >> 8;
        return (byte)~different;
    }

    private void Write(int offset, byte value)
    {
        if (!IsEnabled || !TryFind(offset, out int address))
        {
            return;
        }

        if (extension is { IsLinear: true })
        {
            memory.Change(Wrap(extension.BankStart + address, memory.Length), 1)[0] = value;
            return;
        }

        int memoryMode = sequencer[VgaSequencer.MemoryMode];
        bool chained = (memoryMode & VgaSequencer.Chain4) != 0;
        int planes = sequencer[VgaSequencer.MapMask];
        if (chained)
        {
            planes &= 1 << (address & PlaneMask);
        }
        else if ((memoryMode & VgaSequencer.OddEvenOff) == 0)
        {
            planes &= (address & 1) == 0 ? EvenPlanes : OddPlanes;
        }

        uint written = Expand(planes);
        Span<byte> place = memory.Change(Place(address, chained), sizeof(uint));
        uint old = BinaryPrimitives.ReadUInt32LittleEndian(place);
        BinaryPrimitives.WriteUInt32LittleEndian(place, (old & ~written) | (Combine(value) & written));
    }

    // What the write mode makes of the processor's byte and the latches, for all four planes.
    private uint Combine(byte value)
    {
        int rotation = graphics[VgaGraphicsController.DataRotate];
        var rotated = (byte)((value >> (rotation & 7)) | (value << (8 - (rotation & 7))));
        uint setReset = Expand(graphics[VgaGraphicsController.SetReset]);
        uint bits = Repeat(graphics[VgaGraphicsController.BitMask]);
        uint data;
        switch (graphics[VgaGraphicsController.Mode] & 3)
        {
            case 0:
                uint enabled = Expand(graphics[VgaGraphicsController.EnableSetReset]);
                data = Operate(rotation, (Repeat(rotated) & ~enabled) | (setReset & enabled));
                break;
            case 1:
                return Latches;
            case 2:
                data = Operate(rotation, Expand(value & AllPlanes));
                break;
            default:
                bits &= Repeat(rotated);
                data = Operate(rotation, setReset);
                break;
        }

        return (data & bits) | (Latches & ~bits);
    }

    private uint Operate(int rotation, uint data) => (rotation >> 3) switch
    {
        0 => data,
        1 => data & Latches,
        2 => data | Latches,
        _ => data ^ Latches,
    };

    // Chained addresses leave gaps: each place has one byte of a doubleword or two of a word, as on the real memory chips.
    private int Place(int address, bool chained)
    {
        int place = chained ? address & ~3
            : (graphics[VgaGraphicsController.Miscellaneous] & VgaGraphicsController.ChainOddEven) != 0 ? address & ~1
            : address;
        int bank = extension is { IsEnabled: true } ? extension.BankStart : 0; // 16 colours: the bank counts places
        return Wrap((bank + (place & PlaceMask)) * sizeof(uint), memory.Length);
    }

    // Memory map select: which part of the aperture answers, and the address within it.
    private bool TryFind(int offset, out int address)
    {
        (int first, int length) = (graphics[VgaGraphicsController.Miscellaneous] >> 2) switch
        {
            0 => (0x0_0000, 0x2_0000),
            1 => (0x0_0000, 0x1_0000),
            2 => (0x1_0000, 0x0_8000),
            _ => (0x1_8000, 0x0_8000),
        };
        address = offset - first;
        return address >= 0 && address < length;
    }
}
