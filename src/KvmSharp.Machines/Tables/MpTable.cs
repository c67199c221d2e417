using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The MultiProcessor table: what MADT says, for systems that do not read ACPI.</summary>
/// <remarks>Source: Intel MultiProcessor Specification 1.4, "MP Configuration Table".</remarks>
public static class MpTable
{
    private const int PointerBytes = 16;
    private const int PointerChecksum = 10;
    private const int TableChecksum = 7;
    private const int HeaderBytes = 44;
    private const int SpecificationRevision = 4; // 1.4
    private const int LocalApicVersion = 0x14;   // an integrated local APIC
    private const int IoApicVersion = 0x11;
    private const int PciBusId = 0;
    private const int IsaBusId = 1;
    private const int IsaLines = 16;
    private const int AsTheBus = 0;
    private const int LevelHigh = 0x0D;
    private const int AllProcessors = 0xFF;

    // Types of entries
    private const int Processor = 0;
    private const int Bus = 1;
    private const int IoApic = 2;
    private const int IoInterrupt = 3;
    private const int LocalInterrupt = 4;

    // Types of interrupts
    private const int Vectored = 0;
    private const int NonMaskable = 1;
    private const int FromPics = 3; // ExtINT

    private const int Enabled = 1;
    private const int IsBootProcessor = 2;

    /// <summary>Makes the floating pointer and, right behind it, the table.</summary>
    /// <param name="board">The board; it has APICs.</param>
    /// <param name="address">Where the pointer will lie: a multiple of 16 from F0000h to FFFFFh, or in the extended BIOS data area.</param>
    /// <returns>The bytes for that address.</returns>
    public static byte[] Encode(BoardDescription board, uint address)
    {
        ArgumentNullException.ThrowIfNull(board);
        byte[] pointer = new TableWriter().Text("_MP_", 4).DWord(address + PointerBytes)
            .Byte(PointerBytes / 16).Byte(SpecificationRevision).Zeros(PointerBytes - 10).ToArray();
        pointer[PointerChecksum] = TableWriter.Checksum(pointer);

        var entries = new TableWriter();
        int count = AddProcessors(entries, board) + AddBuses(entries, board) + AddInterrupts(entries, board);
        byte[] table = new TableWriter().Text("PCMP", 4).Word(HeaderBytes + entries.Length).Byte(SpecificationRevision).Byte(0)
            .Text("KVMSHARP", 8).Text("PC", 12).DWord(0).Word(0).Word(count).DWord((uint)PcLayout.LocalApic).DWord(0)
            .Bytes(entries.ToArray()).ToArray();
        table[TableChecksum] = TableWriter.Checksum(table);
        return [.. pointer, .. table];
    }

    private static int AddProcessors(TableWriter t, BoardDescription board)
    {
        CpuidEntry features = board.Cpuid.Find(1, 0);
        for (int id = 0; id < board.Processors; id++)
        {
            t.Byte(Processor).Byte(id).Byte(LocalApicVersion).Byte(Enabled | (id == 0 ? IsBootProcessor : 0)).DWord(features.Eax).DWord(features.Edx).Zeros(8);
        }

        return board.Processors;
    }

    private static int AddBuses(TableWriter t, BoardDescription board)
    {
        t.Byte(Bus).Byte(PciBusId).Text("PCI", 6);
        t.Byte(Bus).Byte(IsaBusId).Text("ISA", 6);
        t.Byte(IoApic).Byte(board.IoApicId).Byte(IoApicVersion).Byte(Enabled).DWord((uint)PcLayout.IoApic);
        return 3;
    }

    private static int AddInterrupts(TableWriter t, BoardDescription board)
    {
        int count = 0;
        for (int irq = 0; irq < IsaLines; irq++)
        {
            if (irq != PcLayout.CascadeIrq && !PcLayout.PciIrqs.Contains(irq))
            {
                int flags = irq == PcLayout.SystemControlIrq ? LevelHigh : AsTheBus;
                t.Byte(IoInterrupt).Byte(Vectored).Word(flags).Byte(IsaBusId).Byte(irq).Byte(board.IoApicId).Byte(PcLayout.IoApicPin(irq));
                count++;
            }
        }

        for (int slot = 1; slot < PciBus.DeviceCount; slot++)
        {
            for (int pin = 0; pin < Piix3IsaBridge.PirqCount; pin++)
            {
                int line = PcLayout.PirqRoute(PciSlots.PirqOf(slot, pin + 1));
                t.Byte(IoInterrupt).Byte(Vectored).Word(LevelHigh).Byte(PciBusId).Byte((slot << 2) | pin).Byte(board.IoApicId).Byte(PcLayout.IoApicPin(line));
                count++;
            }
        }

        t.Byte(LocalInterrupt).Byte(FromPics).Word(AsTheBus).Byte(IsaBusId).Byte(0).Byte(AllProcessors).Byte(0);
        t.Byte(LocalInterrupt).Byte(NonMaskable).Word(AsTheBus).Byte(IsaBusId).Byte(0).Byte(AllProcessors).Byte(1);
        return count + 2;
    }
}
