using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>What lies at guest-physical addresses without RAM.</summary>
internal static class MmioPlaces
{
    private const ulong Columns = 80;
    private const ulong TextEnd = 0xC_0000;

    public static string Describe(ulong address, ExitDirection direction) => address switch
    {
        >= PcLayout.TextMemory and < TextEnd => $"VGA text memory: row {(address - PcLayout.TextMemory) / 2 / Columns}, column {(address - PcLayout.TextMemory) / 2 % Columns} of an 80-column screen, {((address & 1) == 0 ? "the character" : "the attribute")}",
        >= PcLayout.VgaMemory and < PcLayout.TextMemory => "VGA memory (graphics)",
        >= PcLayout.ShadowMemory and < PcLayout.ExtendedMemory => direction == ExitDirection.Write ? "a write to ROM, which is lost (the host bridge's PAM registers make it RAM)" : "ROM",
        >= PcLayout.IoApic and < PcLayout.IoApic + PcLayout.PageBytes => (address & 0xFFF) switch
        {
            0 => "IO-APIC: IOREGSEL, the index",
            0x10 => "IO-APIC: IOWIN, the data of the register that IOREGSEL chose",
            _ => $"IO-APIC: offset {address & 0xFFF:X}h, no register",
        },
        >= PcLayout.LocalApic and < PcLayout.LocalApic + PcLayout.PageBytes => $"local APIC: offset {address & 0xFFF:X}h",
        >= PcLayout.TestMemory and < PcLayout.TestMemory + 0x1_0000 => "the test device's memory",
        >= PcLayout.LowMemoryEnd and < PcLayout.IoApic => "a PCI window: see the BARs of the functions",
        _ => "no device: reads give all ones, writes are lost",
    };
}
