namespace KvmSharp.Machines.Tests;

public class PciServicesTests
{
    private const ushort Ide = 0x0009; // device 1, function 1

    [Fact]
    public void PciBios_IsThereWithPci_AndNotWithout()
    {
        CallRegisters after = Bench(out _).Call(0x1A, new CallRegisters { Eax = 0xB101 });
        (after.Carry, after.Ah, after.Al, after.Edx, after.Bx).Should().Be((false, 0, 1, 0x2049_4350u, 0x0210));
        CallRegisters none = new ServiceBench().Call(0x1A, new CallRegisters { Eax = 0xB101 });
        (none.Carry, none.Ah).Should().Be((true, 0x81));
    }

    [Fact]
    public void Find_ByIdAndClass_GivesTheFunction()
    {
        ServiceBench bench = Bench(out _);
        CallRegisters device = bench.Call(0x1A, new CallRegisters { Eax = 0xB102, Ecx = 0x7010, Edx = 0x8086 });
        (device.Carry, device.Bx).Should().Be((false, Ide));
        bench.Call(0x1A, new CallRegisters { Eax = 0xB102, Ecx = 0x7010, Edx = 0x8086, Esi = 1 }).Ah.Should().Be(0x86);
        bench.Call(0x1A, new CallRegisters { Eax = 0xB102, Ecx = 0xFFFF, Edx = 0xFFFF }).Ah.Should().Be(0x83);
        CallRegisters byClass = bench.Call(0x1A, new CallRegisters { Eax = 0xB103, Ecx = 0x01_0180 });
        (byClass.Carry, byClass.Bx).Should().Be((false, Ide));
    }

    [Fact]
    public void Access_AllWidths_ReachesConfigurationSpace()
    {
        ServiceBench bench = Bench(out ConfigurationPorts ports);
        bench.Call(0x1A, new CallRegisters { Eax = 0xB10A, Ebx = Ide, Edi = 0 }).Ecx.Should().Be(0x7010_8086);
        bench.Call(0x1A, new CallRegisters { Eax = 0xB109, Ebx = Ide, Edi = 2 }).Cx.Should().Be(0x7010);
        (bench.Call(0x1A, new CallRegisters { Eax = 0xB108, Ebx = Ide, Edi = 3 }).Ecx & 0xFF).Should().Be(0x70);
        bench.Call(0x1A, new CallRegisters { Eax = 0xB10C, Ebx = Ide, Ecx = 0xBEEF, Edi = 0x42 }).Ah.Should().Be(0);
        ports.Written.Should().Equal([(Ide, 0x42, 2, 0xBEEFu)]);
    }

    [Theory]
    [InlineData(0xB109u, 1u)]
    [InlineData(0xB10Au, 2u)]
    [InlineData(0xB108u, 256u)]
    public void Access_RegisterThatIsNone_IsRefused(uint eax, uint register) =>
        Bench(out _).Call(0x1A, new CallRegisters { Eax = eax, Edi = register }).Ah.Should().Be(0x87);

    private static ServiceBench Bench(out ConfigurationPorts ports)
    {
        ports = new ConfigurationPorts();
        var bench = new ServiceBench(pci: true);
        bench.Ports.Map(PcLayout.PciConfiguration, 8, ports, maximumWidth: 4);
        return bench;
    }

    /// <summary>A bus with one function on it.</summary>
    private sealed class ConfigurationPorts : IPortDevice
    {
        private uint _address;

        public List<(ushort Function, int Register, int Width, uint Value)> Written { get; } = [];

        private ushort Function => (ushort)(_address >> 8);

        public uint ReadPort(ushort offset, int width)
        {
            uint value = Function != Ide ? uint.MaxValue : (_address & 0xFC) switch
            {
                0x00 => 0x7010_8086,
                0x08 => 0x01_0180_02,
                _ => 0,
            };
            return value >> (8 * (offset & 3));
        }

        public void WritePort(ushort offset, int width, uint value)
        {
            if (offset == 0)
            {
                _address = value;
            }
            else
            {
                Written.Add((Function, (int)(_address & 0xFC) + (offset & 3), width, value));
            }
        }
    }
}
