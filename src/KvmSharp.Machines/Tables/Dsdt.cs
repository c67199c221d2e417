using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The board in ACPI's language: processors, the PCI root with its windows and interrupt routes, ISA devices, and how to switch off.</summary>
/// <remarks>
/// PCI interrupts go through the four link devices LNKA to LNKD, which read and write the ISA bridge's PIRQ registers. A line that a PIRQ drives
/// reaches the 8259As and the IO-APIC under the same number, so one routing table serves both. Sources: ACPI 6.4, "PCI Interrupt Link
/// Device", "_PRT (PCI Routing Table)" and "System \_Sx States"; Intel PIIX3 data sheet, "PIRQRC[A:D]".
/// </remarks>
internal static class Dsdt
{
    private const int PirqCount = Piix3IsaBridge.PirqCount;
    private const int SlotCount = PciBus.DeviceCount;
    private const uint RouteDisabled = 0x80;
    private const uint RouteLine = 0x0F;
    private const uint PresentEnabledShown = 0x0B; // _STA
    private const uint PresentDisabled = 0x09;
    private const uint PowerOffType = 0;           // SLP_TYP of S5

    /// <summary>Encodes the table's content, without its header.</summary>
    public static byte[] Encode(BoardDescription board) =>
    [
        .. Aml.Scope("\\_SB", [.. Enumerable.Range(0, board.Processors).Select(n => Aml.Processor($"CPU{n:X}", (byte)n)), PciRoot(board), .. Links()]),
        .. Aml.Name("\\_S5", Aml.Package(Aml.Integer(PowerOffType), Aml.Integer(PowerOffType), Aml.Integer(0), Aml.Integer(0))),
    ];

    private static byte[] PciRoot(BoardDescription board) => Aml.Device(
        "PCI0",
        Aml.Name("_HID", Aml.EisaId("PNP0A03")),
        Aml.Name("_UID", Aml.Integer(0)),
        Aml.Name("_CRS", AmlResources.Template(
            AmlResources.BusRange(0, 0xFF),
            AmlResources.Ports(PcLayout.PciConfiguration, 8),
            AmlResources.PortRange(0, PcLayout.PciConfiguration - 1),
            AmlResources.PortRange(PcLayout.PciConfiguration + 8, ushort.MaxValue),
            AmlResources.MemoryRange((uint)PcLayout.ConventionalMemoryEnd, (uint)PcLayout.TextMemory + 0x7FFF),
            AmlResources.MemoryRange((uint)PcLayout.LowMemoryEnd, (uint)PcLayout.IoApic - 1))),
        Aml.Name("_PRT", Aml.Package([.. Enumerable.Range(0, SlotCount * PirqCount).Skip(PirqCount).Select(Route)])),
        IsaBridge(board));

    // The power management function asks for SCI itself.
    private static byte[] Route(int number)
    {
        int slot = number / PirqCount;
        int pin = number % PirqCount;
        bool isPowerManagement = slot == PcLayout.IsaBridgeSlot && pin == 0;
        string link = isPowerManagement ? "LNKS" : LinkName(PciSlots.PirqOf(slot, pin + 1));
        return Aml.Package(Aml.Integer(((uint)slot << 16) | 0xFFFF), Aml.Integer((uint)pin), Aml.Path(link), Aml.Integer(0));
    }

    private static byte[] IsaBridge(BoardDescription board)
    {
        List<byte[]> devices =
        [
            Aml.PciConfigurationBytes("PIRQ", Piix3IsaBridge.FirstRoute, [.. Enumerable.Range(0, PirqCount).Select(RegisterName)]),
            IsaDevice("RTC", "PNP0B00", AmlResources.Ports(PcLayout.Cmos, 2), AmlResources.Irq(PcLayout.CmosIrq)),
            IsaDevice(
                "KBD", "PNP0303", AmlResources.Ports(PcLayout.KeyboardData, 1), AmlResources.Ports(PcLayout.KeyboardCommand, 1), AmlResources.Irq(PcLayout.KeyboardIrq)),
            IsaDevice("MOU", "PNP0F13", AmlResources.Irq(PcLayout.MouseIrq)),
            IsaDevice("COM1", "PNP0501", AmlResources.Ports(PcLayout.Com1, 8), AmlResources.Irq(PcLayout.Com1Irq)),
        ];
        if (board.HasFloppy)
        {
            devices.Add(IsaDevice(
                "FDC0",
                "PNP0700",
                AmlResources.Ports(PcLayout.Floppy + 2, 4),
                AmlResources.Ports(PcLayout.Floppy + 7, 1),
                AmlResources.Irq(PcLayout.FloppyIrq),
                AmlResources.DmaChannel(PcLayout.FloppyDmaChannel)));
        }

        return Aml.Device("ISA", [Aml.Name("_ADR", Aml.Integer((uint)PcLayout.IsaBridgeSlot << 16)), .. devices]);
    }

    private static byte[] IsaDevice(string name, string id, params byte[][] resources) => Aml.Device(
        name,
        Aml.Name("_HID", Aml.EisaId(id)),
        Aml.Name("_CRS", AmlResources.Template(resources)));

    private static IEnumerable<byte[]> Links()
    {
        for (int pirq = 0; pirq < PirqCount; pirq++)
        {
            yield return Link(pirq);
        }

        byte[] sci = AmlResources.Template(AmlResources.Interrupts(PcLayout.SystemControlIrq));
        yield return Aml.Device(
            "LNKS",
            Aml.Name("_HID", Aml.EisaId("PNP0C0F")),
            Aml.Name("_UID", Aml.Integer(PirqCount)),
            Aml.Name("_PRS", sci),
            Aml.Name("_CRS", sci),
            Aml.Name("_STA", Aml.Integer(PresentEnabledShown)),
            Aml.Method("_DIS", 0),
            Aml.Method("_SRS", 1));
    }

    private static byte[] Link(int pirq)
    {
        byte[] register = [.. "\\/"u8, 4, .. "_SB_PCI0ISA_"u8, .. Aml.Path(RegisterName(pirq))]; // 2Fh, "/": a name of several segments
        byte[] disabled = Aml.And(register, Aml.Integer(RouteDisabled));
        return Aml.Device(
            LinkName(pirq),
            Aml.Name("_HID", Aml.EisaId("PNP0C0F")),
            Aml.Name("_UID", Aml.Integer((uint)pirq)),
            Aml.Name("_PRS", AmlResources.Template(AmlResources.Interrupts([.. PcLayout.PciIrqs]))),
            Aml.Name("NOW", AmlResources.Template(AmlResources.Interrupts(0))),
            Aml.CreateDWordField(Aml.Path("NOW"), AmlResources.InterruptOffset, "LINE"),
            Aml.Method("_STA", 0, Aml.If(disabled, Aml.Return(Aml.Integer(PresentDisabled))), Aml.Return(Aml.Integer(PresentEnabledShown))),
            Aml.Method("_DIS", 0, Aml.Or(register, Aml.Integer(RouteDisabled), register)),
            Aml.Method("_CRS", 0, Aml.Store(Aml.And(register, Aml.Integer(RouteLine)), Aml.Path("LINE")), Aml.Return(Aml.Path("NOW"))),
            Aml.Method(
                "_SRS",
                1,
                Aml.CreateDWordField(Aml.Arg0, AmlResources.InterruptOffset, "WANT"),
                Aml.Store(Aml.Path("WANT"), register)));
    }

    private static string LinkName(int pirq) => $"LNK{(char)('A' + pirq)}";

    private static string RegisterName(int pirq) => $"PRQ{(char)('A' + pirq)}";
}
