using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Intercepts;

/// <summary>What only 64-bit mode has: CR8, and registers of full width in qualifications and hypercalls.</summary>
public sealed class LongModeInterceptTests
{
    private const ulong Wide = 0x1234_5678_9ABC_DEF0;
    private const ulong Paging = 0x8000_0011; // PG, ET, PE
    private const ulong PhysicalAddressExtension = 1 << 5;
    private const ulong LongModeActive = 0x500; // LME, LMA

    [Fact]
    public void Cr8_ReadAndWrite_Exit()
    {
        using TestMachine machine = Create(a =>
        {
            a.mov(cr8, rbx);
            a.mov(r9, cr8);
            a.hlt();
        });
        machine.Cpu.Intercepts = new InterceptControls { Cr8Read = InterceptMode.Exit, Cr8Write = InterceptMode.Exit };
        machine.Set(r => r with { Rbx = 5 });
        machine.Run().Should().Be(VmExit.Intercepted(0, InterceptKind.ControlRegisterWrite, 0x308, 5));
        machine.Run().Should().Be(VmExit.Intercepted(0, InterceptKind.ControlRegisterRead, 0x918));
        machine.RunToHalt();
        (machine.Registers.R9, machine.Cpu.GetSpecialRegisters().Cr8).Should().Be((5UL, 5UL));
    }

    [Fact]
    public void Invlpg_TellsTheWholeAddress()
    {
        using TestMachine machine = Create(a => a.invlpg(__[rsi]));
        machine.Cpu.Intercepts = new InterceptControls { Invlpg = InterceptMode.Exit };
        machine.Set(r => r with { Rsi = 0xFFFF_8000_0000_1000 });
        machine.Run().Address.Should().Be(0xFFFF_8000_0000_1000);
    }

    [Fact]
    public void Hypercall_PassesRegistersWhole()
    {
        using TestMachine machine = Create(a =>
        {
            a.vmcall();
            a.hlt();
        });
        machine.Vm.HypercallExits = true;
        machine.Set(r => r with { Rax = Wide, Rbx = Wide + 1 });
        machine.Run().Should().Be(VmExit.Hypercall(0, Wide));
        BitConverter.ToUInt64(machine.Cpu.ExitData[8..]).Should().Be(Wide + 1);
        machine.Cpu.CompleteHypercall(Wide + 2);
        machine.RunToHalt();
        machine.Registers.Rax.Should().Be(Wide + 2);
    }

    // The first 2 MiB one to one; RAM is less, but nothing reaches beyond it.
    private static TestMachine Create(Action<Assembler> code)
    {
        TestMachine machine = TestMachine.Protected();
        machine.Bytes(TestMachine.Code, TestMachine.Assemble(64, TestMachine.Code, code));
        machine.Ram.Write(0x9_0000UL, 0x9_1003UL);
        machine.Ram.Write(0x9_1000UL, 0x9_2003UL);
        machine.Ram.Write(0x9_2000UL, 0x83UL);
        machine.SetSpecial(s => s with
        {
            Cr0 = Paging,
            Cr3 = 0x9_0000,
            Cr4 = PhysicalAddressExtension,
            Efer = LongModeActive,
            Cs = s.Cs with { LongMode = true, DefaultBig = false },
        });
        return machine;
    }
}
