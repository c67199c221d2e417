using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Memory;

public sealed class A20GateTests
{
    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public void A20Gate_AccessAboveOneMebibyte_WrapsWhenClosed(bool open, uint expected)
    {
        using TestMachine machine = TestMachine.Protected(
            a =>
            {
                a.mov(eax, __dword_ptr[0x10_0500]);
                a.hlt();
            },
            ramSize: 0x20_0000);
        machine.Ram.Write(0x500, 1U);
        machine.Ram.Write(0x10_0500, 2U);

        machine.Vm.A20Gate.Drive(open);

        machine.RunToHalt();
        machine.Eax.Should().Be(expected);
    }

    [Fact]
    public void A20Gate_ChangedByAPort_HoldsFromTheNextInstruction()
    {
        using TestMachine machine = TestMachine.Protected(
            a =>
            {
                a.mov(eax, __dword_ptr[0x10_0500]);
                a.@out(0x92, al);
                a.mov(ebx, __dword_ptr[0x10_0500]);
                a.@out(0x92, al);
                a.mov(ecx, __dword_ptr[0x10_0500]);
                a.hlt();
            },
            ramSize: 0x20_0000);
        machine.Ram.Write(0x500, 1U);
        machine.Ram.Write(0x10_0500, 2U);
        bool open = true;
        machine.Vm.ExitHandler = new Doubles.RecordingHandler { OnExit = (_, _) => machine.Vm.A20Gate.Drive(open = !open) };

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rax = 2UL, Rbx = 1UL, Rcx = 2UL });
    }

    [Fact]
    public void A20Gate_Closed_MasksCodeAndPageTablesToo()
    {
        using TestMachine machine = TestMachine.Protected(ramSize: 0x20_0000);
        machine.Load(TestMachine.Code, a =>
        {
            a.mov(eax, 1);
            a.hlt();
        });
        machine.EnablePaging();
        machine.SetSpecial(s => s with { Cr3 = TestMachine.PageDirectory + 0x10_0000 });
        machine.Vm.A20Gate.Drive(false);

        machine.Set(r => r with { Rip = TestMachine.Code + 0x10_0000 });

        machine.RunToHalt();
        machine.Eax.Should().Be(1);
    }
}
