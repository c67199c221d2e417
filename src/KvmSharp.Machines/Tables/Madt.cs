namespace KvmSharp.Machines;

/// <summary>The table of interrupt controllers: local APICs, the IO-APIC, and which lines differ from a PC's custom.</summary>
/// <remarks>Source: ACPI 6.4, "Multiple APIC Description Table (MADT)".</remarks>
internal static class Madt
{
    /// <summary>The revision of ACPI 4.0.</summary>
    public const int Revision = 3;

    private const uint HasPicsToo = 1; // PCAT_COMPAT
    private const uint Enabled = 1;
    private const int LevelHigh = 0x0D; // MPS INTI flags
    private const int AsTheBus = 0;
    private const int AllProcessors = 0xFF;
    private const int NmiPin = 1; // LINT1

    // Types of entries
    private const int LocalApic = 0;
    private const int IoApic = 1;
    private const int SourceOverride = 2;
    private const int LocalApicNmi = 4;

    /// <summary>Encodes the table's content, without its header.</summary>
    public static byte[] Encode(BoardDescription board)
    {
        TableWriter t = new TableWriter().DWord((uint)PcLayout.LocalApic).DWord(HasPicsToo);
        for (int processor = 0; processor < board.Processors; processor++)
        {
            t.Byte(LocalApic).Byte(8).Byte(processor).Byte(processor).DWord(Enabled);
        }

        t.Byte(IoApic).Byte(12).Byte(board.IoApicId).Byte(0).DWord((uint)PcLayout.IoApic).DWord(0);
        Override(t, PcLayout.PitIrq, PcLayout.IoApicPin(PcLayout.PitIrq), AsTheBus);
        foreach (int line in PcLayout.PciIrqs.Append(PcLayout.SystemControlIrq).Order())
        {
            Override(t, line, line, LevelHigh);
        }

        return t.Byte(LocalApicNmi).Byte(6).Byte(AllProcessors).Word(AsTheBus).Byte(NmiPin).ToArray();
    }

    private static void Override(TableWriter table, int irq, int globalInterrupt, int flags) =>
        table.Byte(SourceOverride).Byte(10).Byte(0).Byte(irq).DWord((uint)globalInterrupt).Word(flags);
}
