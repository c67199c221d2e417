using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

/// <summary>What CR0 makes of ESC instructions and WAIT.</summary>
public sealed class CoprocessorTests
{
    private const ulong MonitorCoprocessor = 2;
    private const ulong Emulation = 4;
    private const ulong TaskSwitched = 8;

    [Fact]
    public void Probe_AfterInitialization_FindsTheFpu()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.fninit();
            c.fnstsw(ax);
            c.fnstcw(__word_ptr[Guest.Data]);
        });
        guest.Registers = guest.Registers with { Rax = 0xFFFF };
        guest.Run(3).Vector.Should().BeNull();
        guest.Registers.Rax.Should().Be(0);
        guest.Memory.Read<uint>(Guest.Data).Should().Be(0x037F);
    }

    [Theory]
    [InlineData(Emulation, false, 7)]
    [InlineData(TaskSwitched, false, 7)]
    [InlineData(TaskSwitched, true, null)]
    [InlineData(TaskSwitched | MonitorCoprocessor, true, 7)]
    [InlineData(Emulation | MonitorCoprocessor, true, null)]
    public void EscapeAndWait_ControlBits_DecideAboutDeviceNotAvailable(ulong bits, bool wait, int? vector)
    {
        using Guest guest = Guest.Flat(c =>
        {
            if (wait)
            {
                c.wait();
            }
            else
            {
                c.fninit();
            }
        });
        SpecialRegisters special = guest.Cpu.GetSpecialRegisters();
        guest.Cpu.SetSpecialRegisters(special with { Cr0 = special.Cr0 | bits });
        guest.Run().Vector.Should().Be(vector);
    }
}
