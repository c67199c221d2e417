using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>INT 11h, 12h and 15h: equipment, memory, address line 20, waits.</summary>
/// <remarks>Not offered: the pointing device (C2h), joystick, APM, protected mode entry (89h).</remarks>
internal sealed class SystemServices(FirmwareBus bus, DataAreas data, ClockServices clock, IReadOnlyList<MemoryMapEntry> map)
{
    private const byte NotThere = 0x86; // AH for functions that do not exist
    private const uint SystemMapMagic = 0x534D_4150; // 'SMAP'
    private const uint EntryBytes = 20;
    private const uint ExtendedEntryBytes = 24;
    private const uint KiB = 1024;
    private const uint MiB = 1024 * KiB;
    private const uint SixteenMiB = 16 * MiB;
    private const byte FastA20 = 0x02; // in system control port A
    private const byte FastReset = 0x01;

    private readonly byte[] _block = new byte[4 * KiB];

    /// <summary>INT 11h.</summary>
    public void ServeEquipment(CpuFrame frame) => frame.Ax = bus.ReadWord(BiosData.Equipment);

    /// <summary>INT 12h.</summary>
    public void ServeMemorySize(CpuFrame frame) => frame.Ax = bus.ReadWord(BiosData.MemoryKiB);

    /// <summary>INT 15h.</summary>
    public void Serve(CpuFrame frame)
    {
        switch (frame.Ah)
        {
            case 0x24:
                ServeA20(frame);
                break;
            case 0x4F:
                break; // the scan code stays; CF is as the keyboard's handler has set it
            case 0x80 or 0x81 or 0x82 or 0x85 or 0x90 or 0x91: // hooks for systems with several tasks
                frame.Ah = 0;
                frame.Carry = false;
                break;
            case 0x83:
                ServeEventWait(frame);
                break;
            case 0x86:
                clock.Wait(frame);
                break;
            case 0x87:
                MoveBlock(frame);
                break;
            case 0x88:
                frame.Ax = (ushort)Math.Min(RamAbove(MiB, SixteenMiB * 4) / KiB, ushort.MaxValue);
                frame.Carry = false;
                break;
            case 0xC0:
                frame.Es = FirmwareRom.Segment;
                frame.Bx = FirmwareRom.Configuration;
                frame.Ah = 0;
                frame.Carry = false;
                break;
            case 0xC1:
                frame.Es = data.ExtendedSegment;
                frame.Carry = false;
                break;
            case 0xE8:
                ServeMemory(frame);
                break;
            default:
                Refuse(frame);
                break;
        }
    }

    private static void Refuse(CpuFrame frame)
    {
        frame.Ah = NotThere;
        frame.Carry = true;
    }

    private void ServeA20(CpuFrame frame)
    {
        byte port = bus.In(PcLayout.SystemControlA);
        switch (frame.Al)
        {
            case 0x00 or 0x01:
                byte wanted = (byte)(frame.Al == 1 ? port | FastA20 : port & ~FastA20);
                bus.Out(PcLayout.SystemControlA, (byte)(wanted & ~FastReset));
                SetA20AtKeyboardController(frame.Al == 1);
                break;
            case 0x02:
                frame.Al = (byte)((port & FastA20) != 0 || A20AtKeyboardController() ? 1 : 0);
                break;
            case 0x03:
                frame.Bx = 0x0003; // the keyboard controller and port 92h
                break;
            default:
                Refuse(frame);
                return;
        }

        frame.Ah = 0;
        frame.Carry = false;
    }

    // The two gates open the line together, so closing means both.
    private void SetA20AtKeyboardController(bool open)
    {
        const byte WriteOutputPort = 0xD1;
        const byte Idle = 0xDD;
        const byte Open = 0xDF;
        bus.Out(PcLayout.KeyboardCommand, WriteOutputPort);
        bus.Out(PcLayout.KeyboardData, open ? Open : Idle);
    }

    // While a key waits to be read, the controller's answer would come behind it, so then it is not asked.
    private bool A20AtKeyboardController()
    {
        const byte ReadOutputPort = 0xD0;
        const byte OutputFull = 0x01;
        const byte Open = 0x02;
        if ((bus.In(PcLayout.KeyboardCommand) & OutputFull) != 0)
        {
            return false;
        }

        bus.Out(PcLayout.KeyboardCommand, ReadOutputPort);
        return (bus.In(PcLayout.KeyboardData) & Open) != 0;
    }

    private void ServeEventWait(CpuFrame frame)
    {
        if (frame.Al == 1)
        {
            clock.EndWait();
            frame.Carry = false;
        }
        else
        {
            frame.Carry = frame.Al != 0 || !clock.TryStartWait(((uint)frame.Cx << 16) | frame.Dx, frame.EsBx);
            frame.Ah = frame.Carry ? NotThere : (byte)0;
        }
    }

    // CX words from the third to the fourth descriptor of the table at ES:SI.
    private void MoveBlock(CpuFrame frame)
    {
        const ushort LargestCount = 0x8000;
        uint table = new FarPointer(frame.Es, frame.Si).Linear;
        uint from = DescriptorBase(table + 0x10);
        uint to = DescriptorBase(table + 0x18);
        bool moved = frame.Cx <= LargestCount;
        for (uint left = 2u * frame.Cx; moved && left > 0;)
        {
            Span<byte> part = _block.AsSpan(0, (int)Math.Min(left, (uint)_block.Length));
            moved = bus.TryRead(from, part) && bus.TryWrite(to, part);
            from += (uint)part.Length;
            to += (uint)part.Length;
            left -= (uint)part.Length;
        }

        frame.Ah = moved ? (byte)0 : (byte)2; // 2: an exception on the way
        frame.Carry = !moved;
        frame.Zero = moved;
    }

    private uint DescriptorBase(uint descriptor)
    {
        Span<byte> bytes = stackalloc byte[8];
        bus.TryRead(descriptor, bytes);
        return (BinaryPrimitives.ReadUInt32LittleEndian(bytes[2..]) & 0x00FF_FFFF) | ((uint)bytes[7] << 24);
    }

    private void ServeMemory(CpuFrame frame)
    {
        switch (frame.Al)
        {
            case 0x01:
                (frame.Ax, frame.Bx) = Sizes();
                (frame.Cx, frame.Dx) = (frame.Ax, frame.Bx);
                frame.Carry = false;
                break;
            case 0x81:
                (ushort low, ushort high) = Sizes();
                (frame.Eax, frame.Ebx) = (low, high);
                (frame.Ecx, frame.Edx) = (low, high);
                frame.Carry = false;
                break;
            case 0x20 when frame.Edx == SystemMapMagic:
                ServeMap(frame);
                break;
            default:
                Refuse(frame);
                break;
        }
    }

    // KiB from 1 to 16 MiB, and units of 64 KiB above.
    private (ushort Low, ushort High) Sizes() =>
        ((ushort)(RamAbove(MiB, SixteenMiB) / KiB), (ushort)Math.Min(RamAbove(SixteenMiB, PcLayout.LowMemoryEnd) / (64 * KiB), ushort.MaxValue));

    private ulong RamAbove(ulong start, ulong end)
    {
        ulong bytes = 0;
        foreach (MemoryMapEntry entry in map)
        {
            if (entry.Type == MemoryType.Ram && entry.Start <= start && entry.Start + entry.Length > start)
            {
                bytes = Math.Min(entry.Start + entry.Length, end) - start; // as far as it goes without a hole
            }
        }

        return bytes;
    }

    // EBX is the number of the entry; ACPI 6.4, "INT 15H, E820H - Query System Address Map".
    private void ServeMap(CpuFrame frame)
    {
        if (frame.Ecx < EntryBytes || frame.Ebx >= (uint)map.Count)
        {
            Refuse(frame);
            return;
        }

        MemoryMapEntry entry = map[(int)frame.Ebx];
        Span<byte> bytes = stackalloc byte[(int)ExtendedEntryBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, entry.Start);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], (uint)entry.Type);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], 1); // the entry counts
        uint length = frame.Ecx >= ExtendedEntryBytes ? ExtendedEntryBytes : EntryBytes;
        if (!bus.TryWrite(frame.EsDi.Linear, bytes[..(int)length]))
        {
            Refuse(frame);
            return;
        }

        frame.Eax = SystemMapMagic;
        frame.Ecx = length;
        frame.Ebx = frame.Ebx + 1 == (uint)map.Count ? 0 : frame.Ebx + 1;
        frame.Carry = false;
    }
}
