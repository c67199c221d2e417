using System.Globalization;
using System.Text;
using KvmSharp.Devices;

namespace KvmSharp.Machines.Gdb;

/// <summary><c>monitor devices</c>.</summary>
internal static class DeviceReport
{
    private const int IdOffset = 0;
    private const int ClassOffset = 8;

    /// <summary>Lists ports, memory and PCI functions.</summary>
    public static string Write(PcMachine machine)
    {
        var text = new StringBuilder("ports\n");
        foreach ((int first, int last, IPortDevice device) in machine.Dispatcher.Ports.Devices)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {first:x4}-{last:x4}  {NameOf(device)}\n");
        }

        text.Append("memory\n");
        foreach (MemorySlot slot in machine.AllMemory.Slots)
        {
            string kind = slot.Options.HasFlag(MemorySlotOptions.ReadOnly) ? "ROM" : "RAM";
            text.Append(CultureInfo.InvariantCulture, $"  {slot.GuestPhysicalAddress:x10}-{slot.GuestPhysicalAddress + slot.Size - 1:x10}  {kind}\n");
        }

        foreach ((ulong first, ulong last, IMmioDevice device) in machine.Dispatcher.Mmio.Devices)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {first:x10}-{last:x10}  {NameOf(device)}\n");
        }

        text.Append("PCI bus 0\n");
        for (int place = 0; place < PciBus.DeviceCount * PciBus.FunctionCount; place++)
        {
            (int slot, int function) = (place / PciBus.FunctionCount, place % PciBus.FunctionCount);
            if (machine.Pci.Find(slot, function) is { } part)
            {
                Describe(text, slot, function, part);
            }
        }

        return text.ToString();
    }

    private static void Describe(StringBuilder text, int slot, int function, PciFunction part)
    {
        uint id = part.ReadConfig(IdOffset, sizeof(uint));
        uint code = part.ReadConfig(ClassOffset, sizeof(uint)) >> 8;
        text.Append(CultureInfo.InvariantCulture, $"  {slot:x2}.{function}  {(ushort)id:x4}:{id >> 16:x4}  class {code:x6}  {NameOf(part)}\n");
        foreach (PciBar bar in part.Bars.Where(static bar => bar.IsDecoded))
        {
            text.Append(CultureInfo.InvariantCulture, $"        {(bar.Space == PciSpace.Port ? "ports" : "memory")} {bar.Address:x}-{bar.Address + bar.Size - 1:x}\n");
        }
    }

    private static string NameOf(object device) => device.GetType().Name;
}
