using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>What firmware does to the chipset before it boots a system, done from outside in a machine without a firmware ROM of the user's.</summary>
/// <remarks>
/// The area below 1 MiB becomes RAM, its last 64 KiB, where our own ROM is, write-protected; ACPI's ports get their place, PCI interrupt lines are routed, and each function's windows are placed and
/// switched on, as SeaBIOS leaves them. A system may move everything afterwards.
/// </remarks>
internal static class PciSetup
{
    private const int Pam0 = 0x59;          // governs F0000h to FFFFFh
    private const int LastPam = 0x5F;
    private const byte ReadOnlyRam = 0x10;  // RE of the high half: writes are for the PCI side, where nothing is
    private const byte AllRam = 0x33;       // RE and WE of both halves

    /// <summary>Sets the chipset up.</summary>
    /// <param name="slots">The PCI bus.</param>
    /// <param name="ports">The ports, for the edge/level control registers.</param>
    public static void Run(PciSlots slots, PortBus ports)
    {
        PciFunction hostBridge = slots.Bus.Find(PcLayout.HostBridgeSlot, 0)!;
        hostBridge.WriteConfig(Pam0, 1, ReadOnlyRam);
        for (int pam = Pam0 + 1; pam <= LastPam; pam++)
        {
            hostBridge.WriteConfig(pam, 1, AllRam);
        }

        RouteInterrupts(slots.Bus.Find(PcLayout.IsaBridgeSlot, 0)!, ports);
        PciFunction powerManagement = slots.Bus.Find(PcLayout.IsaBridgeSlot, PcLayout.PowerManagementFunction)!;
        powerManagement.WriteConfig(Piix4PowerManagement.Base, sizeof(ushort), PcLayout.PowerManagement);
        powerManagement.WriteConfig(Piix4PowerManagement.Miscellaneous, 1, 1);

        ulong nextPort = PcLayout.PciPorts;
        ulong nextAddress = PcLayout.PciMemory;
        for (int slot = 0; slot < PciBus.DeviceCount; slot++)
        {
            for (int function = 0; function < PciBus.FunctionCount; function++)
            {
                if (slots.Bus.Find(slot, function) is { } part)
                {
                    SetUp(part, slot, ref nextPort, ref nextAddress);
                }
            }
        }

        powerManagement.WriteConfig(PciRegister.InterruptLine, 1, PcLayout.SystemControlIrq);
    }

    private static void RouteInterrupts(PciFunction isaBridge, PortBus ports)
    {
        uint levels = 0;
        for (int pirq = 0; pirq < Piix3IsaBridge.PirqCount; pirq++)
        {
            isaBridge.WriteConfig(Piix3IsaBridge.FirstRoute + pirq, 1, (uint)PcLayout.PirqRoute(pirq));
            levels |= 1u << PcLayout.PirqRoute(pirq);
        }

        ports.Write(PcLayout.EdgeLevelControl, sizeof(ushort), levels | (1u << PcLayout.SystemControlIrq));
    }

    private static void SetUp(PciFunction part, int slot, ref ulong nextPort, ref ulong nextAddress)
    {
        var command = (PciCommand)part.ReadConfig(PciRegister.Command, sizeof(ushort));
        foreach (PciBar bar in part.Bars.Where(b => b.Index != PciBar.NoRegister))
        {
            ref ulong next = ref bar.Space == PciSpace.Port ? ref nextPort : ref nextAddress;
            ulong place = (next + bar.Size - 1) & ~(bar.Size - 1);
            next = place + bar.Size;
            int register = PciRegister.FirstBar + (sizeof(uint) * bar.Index);
            part.WriteConfig(register, sizeof(uint), (uint)place);
            if (bar.Space == PciSpace.Memory64)
            {
                part.WriteConfig(register + sizeof(uint), sizeof(uint), (uint)(place >> 32));
            }

            command |= bar.Space == PciSpace.Port ? PciCommand.PortSpace : PciCommand.MemorySpace;
        }

        int pin = (int)part.ReadConfig(PciRegister.InterruptPin, 1);
        if (pin != 0)
        {
            part.WriteConfig(PciRegister.InterruptLine, 1, (uint)PcLayout.PirqRoute(PciSlots.PirqOf(slot, pin)));
        }

        part.WriteConfig(PciRegister.Command, sizeof(ushort), (uint)command);
    }
}
