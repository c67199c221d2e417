using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Engine;

/// <summary>"Self-modifying code works on the very next instruction." Each program runs once before, so that its code is decoded.</summary>
public sealed class SelfModifyingCodeTests
{
    private const uint Patched = 0x2000;

    [Fact]
    public void Store_ToTheNextInstructionOfTheBlock_IsSeenAtOnce()
    {
        using TestMachine machine = TestMachine.Protected();

        // mov byte [1000h + 8], 2; mov eax, 1
        machine.Bytes(TestMachine.Code, 0xC6, 0x05, 0x08, 0x10, 0x00, 0x00, 0x02, 0xB8, 0x01, 0, 0, 0, 0xF4);

        machine.RunToHalt();
        machine.Eax.Should().Be(2);
        machine.Cpu.InstructionsRetired.Should().Be(3);
    }

    [Fact]
    public void Store_ToAnEarlierInstructionInALoop_CountsEachPass()
    {
        // Each pass increments the immediate that the next pass adds.
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.mov(ecx, 5);
            a.Label(ref top);
            a.add(ebx, 0x1000);
            a.inc(__byte_ptr[TestMachine.Code + 7]);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });

        machine.RunToHalt();

        machine.Registers.Rbx.Should().Be((5 * 0x1000) + 1 + 2 + 3 + 4);
    }

    public static TheoryData<string> Writers => ["mov", "lock", "rep", "push", "host", "handler"];

    [Theory]
    [MemberData(nameof(Writers))]
    public void Write_ToAnotherPage_IsSeenByTheNextCall(string writer)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.call(Patched);
            a.mov(ebx, eax);
            switch (writer)
            {
                case "mov":
                    a.mov(__dword_ptr[Patched + 1], 2);
                    break;
                case "lock":
                    a.@lock.inc(__dword_ptr[Patched + 1]);
                    break;
                case "rep":
                    a.mov(edi, Patched + 1);
                    a.mov(al, 2);
                    a.mov(ecx, 1);
                    a.rep.stosb();
                    break;
                case "push":
                    a.mov(edx, esp);
                    a.mov(esp, Patched + 5);
                    a.push(2);
                    a.mov(esp, edx);
                    break;
                default:
                    a.@out(0x10, al);
                    break;
            }

            a.call(Patched);
            a.hlt();
        });
        machine.Load(Patched, a =>
        {
            a.mov(eax, 1);
            a.ret();
        });
        if (writer == "handler")
        {
            machine.Vm.ExitHandler = new Doubles.RecordingHandler { OnExit = (_, _) => machine.Ram.Write(Patched + 1, 2) };
        }

        if (machine.Run().Reason == VmExitReason.Io)
        {
            machine.Ram.Write(Patched + 1, 2);
            machine.RunToHalt();
        }

        machine.Registers.Rbx.Should().Be(1);
        machine.Eax.Should().Be(2);
    }

    [Fact]
    public void Write_ByADeviceToTheNextInstruction_IsSeenAtOnce()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@out(0x10, al);
            a.mov(eax, 1);
            a.hlt();
        });
        machine.Vm.ExitHandler = new Doubles.RecordingHandler { OnExit = (_, _) => machine.Ram.Write(TestMachine.Code + 3, 2) };

        machine.RunToHalt();

        machine.Eax.Should().Be(2);
    }

    [Fact]
    public void Data_OnTheCodePage_IsWrittenAndReadAsUsual()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.mov(ecx, 1000);
            a.Label(ref top);
            a.inc(__dword_ptr[TestMachine.Code + 0x800]);
            a.add(__dword_ptr[TestMachine.Code + 0xFFE], 3); // into the next page
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });

        machine.RunToHalt();

        machine.Ram.Read<uint>(TestMachine.Code + 0x800).Should().Be(1000);
        machine.Ram.Read<uint>(TestMachine.Code + 0xFFE).Should().Be(3000);
        machine.Cpu.Statistics.BlocksDecoded.Should().BeLessThan(20, "data beside code does not drop the code");
    }

    [Fact]
    public void Straddling_SecondPagesBytesChange_IsDecodedAgain()
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Bytes(0x2FFE, 0xB8, 1, 0, 0, 0, 0xF4); // mov eax, 1, three of its bytes in the next page
        machine.Set(r => r with { Rip = 0x2FFE });
        machine.RunToHalt();
        machine.Eax.Should().Be(1);

        machine.Bytes(0x3000, 0x01);

        machine.Set(r => r with { Rip = 0x2FFE });
        machine.RunToHalt();
        machine.Eax.Should().Be(0x101);
    }

    [Fact]
    public void Straddling_GuestWritesTheSecondPage_IsDecodedAgain()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.call(0x2FFE);
            a.mov(__byte_ptr[0x3000], 1);
            a.call(0x2FFE);
            a.hlt();
        });
        machine.Bytes(0x2FFE, 0xB8, 1, 0, 0, 0, 0xC3);

        machine.RunToHalt();

        machine.Eax.Should().Be(0x101);
    }

    [Fact]
    public void Straddling_SecondPageMapsElsewhere_UsesTheNewBytes()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.call(0x2FFE);
            a.mov(ebx, eax);
            a.mov(__dword_ptr[TestMachine.PageTable + (3 * 4)], 0x5007);
            a.invlpg(__byte_ptr[0x3000]);
            a.call(0x2FFE);
            a.hlt();
        }).EnablePaging();
        machine.Bytes(0x2FFE, 0xB8, 1, 0, 0, 0, 0xC3);
        machine.Bytes(0x5000, 2, 0, 0, 0xC3);

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rbx = 1UL, Rax = 0x201UL });
    }

    [Fact]
    public void Straddling_SecondPageNotPresent_FaultsWithItsAddress()
    {
        using TestMachine machine = TestMachine.Protected().EnablePaging().Handle(14, a => a.hlt());
        machine.Bytes(0x2FFE, 0xB8, 1, 0, 0, 0, 0xF4);
        machine.Set(r => r with { Rip = 0x2FFE });
        machine.RunToHalt();
        machine.MapPage(0x3000, 0);
        machine.SetSpecial(s => s); // flushes

        machine.Set(r => r with { Rip = 0x2FFE });
        machine.RunToHalt();

        machine.Cpu.GetSpecialRegisters().Cr2.Should().Be(0x3000);
        machine.Ram.Read<uint>(machine.Registers.Rsp + 4).Should().Be(0x2FFE, "the fault belongs to the instruction");
    }

    [Fact]
    public void Straddling_BothPagesAreTheSame_SurvivesInvalidation()
    {
        using TestMachine machine = TestMachine.Protected().EnablePaging();
        machine.MapPage(0x20_0000, 0x2007);
        machine.MapPage(0x20_1000, 0x2007);
        machine.Bytes(0x2FFE, 0xB8, 1);
        machine.Bytes(0x2000, 0, 0, 0, 0xF4);
        machine.Set(r => r with { Rip = 0x20_0FFE });
        machine.RunToHalt();
        machine.Eax.Should().Be(1);

        machine.Bytes(0x2000, 1);

        machine.Set(r => r with { Rip = 0x20_0FFE });
        machine.RunToHalt();
        machine.Eax.Should().Be(0x101);
    }

    [Fact]
    public void Call_PushesOntoItsOwnCode_DropsTheBlockThatRuns()
    {
        using TestMachine machine = TestMachine.Protected();

        for (int i = 0; i < 3; i++)
        {
            machine.Prepare(machine.Cpu, TestMachine.Code);
            machine.Load(TestMachine.Code, a =>
            {
                Iced.Intel.Label target = a.CreateLabel();
                a.mov(esp, (uint)TestMachine.Code + 10);
                a.call(target);
                a.nop();
                a.nop();
                a.Label(ref target);
                a.inc(ebx);
                a.hlt();
            });
            machine.RunToHalt();
            machine.Registers.Rbx.Should().Be(1);
        }
    }

    /// <summary>One vCPU patches a routine and then raises a flag; the other, behind the flag, must run the new routine.</summary>
    [Fact]
    public void Write_ByAnotherVcpu_IsSeenBehindItsFlag()
    {
        const ulong Flag = TestMachine.Data;
        const ulong Seen = TestMachine.Data + 0x100;
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label wait = a.CreateLabel();
            Iced.Intel.Label good = a.CreateLabel();
            a.mov(ebx, 1);
            a.Label(ref wait);
            a.cmp(__dword_ptr[Flag], ebx);
            a.jne(wait);
            a.push(ebx);
            a.cpuid(); // serializes
            a.pop(ebx);
            a.call(Patched);
            a.cmp(eax, __dword_ptr[Flag]);
            a.je(good);
            a.inc(__dword_ptr[Seen + 4]);
            a.Label(ref good);
            a.mov(__dword_ptr[Seen], eax);
            a.mov(ebx, __dword_ptr[Flag]);
            a.inc(ebx);
            a.cmp(ebx, 501);
            a.jne(wait);
            a.hlt();
        });
        machine.Load(Patched, a =>
        {
            a.mov(eax, 0);
            a.ret();
        });
        VirtualCpu writer = machine.AddVcpu(1);
        machine.Load(0x6000, a =>
        {
            Iced.Intel.Label next = a.CreateLabel();
            Iced.Intel.Label wait = a.CreateLabel();
            a.mov(ecx, 1);
            a.Label(ref next);
            a.mov(__dword_ptr[Patched + 1], ecx);
            a.mov(__dword_ptr[Flag], ecx);
            a.Label(ref wait);
            a.cmp(__dword_ptr[Seen], ecx);
            a.jne(wait);
            a.inc(ecx);
            a.cmp(ecx, 501);
            a.jne(next);
            a.hlt();
        });
        machine.Prepare(writer, 0x6000);
        var thread = new Thread(() => writer.Run());
        thread.Start();

        machine.Cpu.Run(100_000_000_000).Reason.Should().Be(VmExitReason.Hlt);

        thread.Join();
        machine.Ram.Read<uint>(Seen + 4).Should().Be(0, "no stale code ran");
    }
}
