using Iced.Intel;
using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Api;

/// <summary>Instructions that make several device accesses: each once, in order, however the embedder takes them.</summary>
public sealed class DeviceAccessTests
{
    private const uint Mmio = TestMachine.Mmio;
    private const uint EdgeOfRam = (uint)TestMachine.RamSize;

    /// <summary>How the embedder takes exits; each must look the same to the guest.</summary>
    public enum Taking
    {
        Returned,
        InPlace,
        FirstInPlaceOnly,
        SecondInPlaceOnly,
        Alternating,
    }

    public static TheoryData<Taking> Takings => [.. Enum.GetValues<Taking>()];

    [Theory]
    [MemberData(nameof(Takings))]
    public void Add_ToMmio_ReadsOnceAndWritesOnce(Taking taking)
    {
        List<VmExit> seen = Run(taking, a => a.add(__dword_ptr[Mmio], eax), r => r with { Rax = 3 }, out TestMachine machine);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Read, Mmio, 4, 0),
            VmExit.Mmio(0, ExitDirection.Write, Mmio, 4, AnswerTo(0, 4) + 3));
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void LockAdd_ToMmio_ReadsOnceAndWritesOnce(Taking taking)
    {
        List<VmExit> seen = Run(taking, a => a.@lock.add(__dword_ptr[Mmio], eax), r => r with { Rax = 3 }, out TestMachine machine);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Read, Mmio, 4, 0),
            VmExit.Mmio(0, ExitDirection.Write, Mmio, 4, AnswerTo(0, 4) + 3));
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Movs_MmioToMmio_MovesEachElementOnce(Taking taking)
    {
        List<VmExit> seen = Run(taking, a => a.rep.movsd(), r => r with { Rcx = 3, Rsi = Mmio, Rdi = Mmio + 0x1000 }, out TestMachine machine);

        seen.Should().HaveCount(6);
        for (uint i = 0; i < 3; i++)
        {
            seen[(int)(2 * i)].Should().Be(VmExit.Mmio(0, ExitDirection.Read, Mmio + (4 * i), 4, 0));
            seen[(int)(2 * i) + 1].Should().Be(VmExit.Mmio(0, ExitDirection.Write, Mmio + 0x1000 + (4 * i), 4, AnswerTo((int)(2 * i), 4)));
        }

        machine.Registers.Should().BeEquivalentTo(new { Rcx = 0UL, Rsi = Mmio + 12UL, Rdi = Mmio + 0x100CUL });
        machine.Cpu.InstructionsRetired.Should().Be(4, "each iteration counts one, and HLT");
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Read_StraddlingRamAndMmio_JoinsBoth(Taking taking)
    {
        List<VmExit> seen = Run(
            taking,
            a => a.mov(eax, __dword_ptr[EdgeOfRam - 1]),
            r => r,
            out TestMachine machine,
            m => m.Ram.Write(EdgeOfRam - 1, (byte)0x99));

        seen.Should().Equal(VmExit.Mmio(0, ExitDirection.Read, EdgeOfRam, 3, 0));
        machine.Eax.Should().Be((uint)(AnswerTo(0, 3) << 8) | 0x99);
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Write_StraddlingRamAndMmio_ReachesBoth(Taking taking)
    {
        List<VmExit> seen = Run(
            taking, a => a.mov(__dword_ptr[EdgeOfRam - 3], eax), r => r with { Rax = 0x4433_2211 }, out TestMachine machine);

        seen.Should().Equal(VmExit.Mmio(0, ExitDirection.Write, EdgeOfRam, 1, 0x44));
        byte[] low = new byte[3];
        machine.Ram.Read(EdgeOfRam - 3, low);
        low.Should().Equal(0x11, 0x22, 0x33);
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Read_StraddlingTwoMmioPages_MakesTwoAccesses(Taking taking)
    {
        List<VmExit> seen = Run(taking, a => a.mov(eax, __dword_ptr[Mmio + 0xFFE]), r => r, out TestMachine machine);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Read, Mmio + 0xFFE, 2, 0),
            VmExit.Mmio(0, ExitDirection.Read, Mmio + 0x1000, 2, 0));
        machine.Eax.Should().Be((uint)(AnswerTo(0, 2) | (AnswerTo(1, 2) << 16)));
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Push_StackInMmio_WritesOnce(Taking taking)
    {
        List<VmExit> seen = Run(
            taking,
            a =>
            {
                a.push(eax);
                a.pop(ebx);
            },
            r => r with { Rax = 0x55, Rsp = Mmio + 0x10 },
            out TestMachine machine);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Write, Mmio + 0xC, 4, 0x55),
            VmExit.Mmio(0, ExitDirection.Read, Mmio + 0xC, 4, 0));
        machine.Registers.Should().BeEquivalentTo(new { Rsp = Mmio + 0x10UL, Rbx = AnswerTo(1, 4) });
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Exception_FrameInMmio_PushesEachSlotOnce(Taking taking)
    {
        List<VmExit> seen = Run(
            taking, a => a.ud2(), r => r with { Rsp = Mmio + 0x20 }, out TestMachine machine, m => m.Handle(6, a => a.hlt()));

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Write, Mmio + 0x1C, 4, 0x1_0002), // EFLAGS with RF, as a fault saves them
            VmExit.Mmio(0, ExitDirection.Write, Mmio + 0x18, 4, TestMachine.CodeSelector),
            VmExit.Mmio(0, ExitDirection.Write, Mmio + 0x14, 4, TestMachine.Code));
        machine.Registers.Rsp.Should().Be(Mmio + 0x14);
        machine.Cpu.Statistics.Exceptions.Should().Be(1);
        machine.Cpu.InstructionsRetired.Should().Be(2, "the delivery and HLT");
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void SoftwareInterrupt_FrameInMmio_PushesEachSlotOnce(Taking taking)
    {
        List<VmExit> seen = Run(
            taking, a => a.@int(0x40), r => r with { Rsp = Mmio + 0x20 }, out TestMachine machine, m => m.Handle(0x40, a => a.hlt()));

        seen.Select(e => (e.Address, e.Value)).Should().Equal(
            (Mmio + 0x1C, 2UL), (Mmio + 0x18, (ulong)TestMachine.CodeSelector), (Mmio + 0x14, TestMachine.Code + 2));
        machine.Dispose();
    }

    /// <summary>The instruction read a device and then faulted: the frame's pushes are no repetitions of that read.</summary>
    [Theory]
    [MemberData(nameof(Takings))]
    public void Exception_FrameInMmioBehindAFinishedRead_LosesNoPush(Taking taking)
    {
        List<VmExit> seen = Run(
            taking,
            a => a.movsd(),
            r => r with { Rsi = Mmio, Rdi = 0x30_0000, Rsp = Mmio + 0x120 },
            out TestMachine machine,
            m => m.EnablePaging().Handle(14, a => a.hlt()).MapPage(0x30_0000, 0));

        seen.Select(e => (e.Direction, e.Address, e.Value)).Should().Equal(
            (ExitDirection.Read, Mmio, 0UL),
            (ExitDirection.Write, Mmio + 0x11C, 0x1_0002UL),
            (ExitDirection.Write, Mmio + 0x118, (ulong)TestMachine.CodeSelector),
            (ExitDirection.Write, Mmio + 0x114, TestMachine.Code),
            (ExitDirection.Write, Mmio + 0x110, 2UL));
        machine.Cpu.GetSpecialRegisters().Cr2.Should().Be(0x30_0000);
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Fault_BehindAFinishedRead_RestartsTheWholeInstruction(Taking taking)
    {
        // The handler maps the page and returns: a processor, too, then reads the device a second time.
        List<VmExit> seen = Run(
            taking,
            a => a.movsd(),
            r => r with { Rsi = Mmio, Rdi = 0x30_0000 },
            out TestMachine machine,
            m => m.EnablePaging().Handle(14, a =>
            {
                a.mov(__dword_ptr[TestMachine.PageTable + (0x300 * 4)], (uint)TestMachine.Data | 3);
                a.invlpg(__byte_ptr[0x30_0000]);
                a.add(esp, 4);
                a.iretd();
            }).MapPage(0x30_0000, 0));

        seen.Should().HaveCount(2).And.OnlyContain(e => e.Address == Mmio && e.Direction == ExitDirection.Read);
        machine.Ram.Read<uint>(TestMachine.Data).Should().Be((uint)AnswerTo(1, 4));
        machine.Dispose();
    }

    [Fact]
    public void RepOuts_AcrossAPage_PacksUpToThePageEnd()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.rep.outsw();
            a.hlt();
        });
        byte[] data = Enumerable.Range(0, 16).Select(i => (byte)i).ToArray();
        machine.Ram.Write(0x8FF8, data);
        machine.Set(r => r with { Rsi = 0x8FF8, Rcx = 8, Rdx = 0x1F0 });

        List<byte> sent = [];
        var counts = new List<int>();
        for (VmExit exit = machine.Run(); exit.Reason == VmExitReason.Io; exit = machine.Run())
        {
            exit.Should().Match<VmExit>(e => e.Port == 0x1F0 && e.Width == 2 && e.Direction == ExitDirection.Write);
            machine.Cpu.ExitData.Length.Should().Be(2 * exit.Count);
            counts.Add(exit.Count);
            sent.AddRange(machine.Cpu.ExitData.ToArray());
        }

        sent.Should().Equal(data);
        counts.Should().Contain(c => c > 1, "string I/O is packed");
        machine.Registers.Should().BeEquivalentTo(new { Rcx = 0UL, Rsi = 0x9008UL });
        machine.Cpu.InstructionsRetired.Should().Be(9);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RepIns_AcrossAPage_StoresEveryItem(bool inPlace)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.rep.insb();
            a.hlt();
        });
        machine.Set(r => r with { Rdi = 0x8FFD, Rcx = 7, Rdx = 0x60 });
        var source = new ByteSource();
        if (inPlace)
        {
            machine.Vm.ExitHandler = source;
        }

        for (VmExit exit = machine.Run(); exit.Reason == VmExitReason.Io; exit = machine.Run())
        {
            source.TryHandle(exit, machine.Cpu.ExitData);
        }

        byte[] stored = new byte[7];
        machine.Ram.Read(0x8FFD, stored);
        stored.Should().Equal(0, 1, 2, 3, 4, 5, 6);
        machine.Registers.Should().BeEquivalentTo(new { Rcx = 0UL, Rdi = 0x9004UL });
        machine.Cpu.InstructionsRetired.Should().Be(8);
    }

    [Fact]
    public void RepIns_SecondPageNotMapped_StoresTheFirstAndFaultsWithExactRegisters()
    {
        using TestMachine machine = TestMachine.Protected(a => a.rep.insb()).EnablePaging().Handle(14, a => a.hlt());
        machine.MapPage(0x30_1000, 0);
        machine.MapPage(0x30_0000, (uint)TestMachine.Data | 3);
        machine.Set(r => r with { Rdi = 0x30_0FFE, Rcx = 5, Rdx = 0x60 });
        machine.Vm.ExitHandler = new ByteSource();

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rcx = 3UL, Rdi = 0x30_1000UL });
        machine.Ram.Read<ushort>(TestMachine.Data + 0xFFE).Should().Be(0x0100);
    }

    [Fact]
    public void Bound_EightBytesFromMmio_ComesAsTwoExits()
    {
        List<VmExit> seen = Run(Taking.Returned, a => a.cmpxchg8b(__qword_ptr[Mmio]), r => r, out TestMachine machine);

        seen.Should().OnlyContain(e => e.Width <= 8);
        seen.Where(e => e.Direction == ExitDirection.Read).Sum(e => e.Width).Should().Be(8);
        seen.Where(e => e.Direction == ExitDirection.Write).Sum(e => e.Width).Should().Be(8, "CMPXCHG8B always writes");
        machine.Dispose();
    }

    [Fact]
    public void Handler_Throws_LeavesThroughRunAndTheInstructionRunsAgain()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(ebx);
            a.@in(al, 0x60);
            a.inc(ebx);
            a.hlt();
        });
        var handler = new RecordingHandler { Answer = (_, _) => 5, OnExit = (_, _) => throw new InvalidDataException("disk gone") };
        machine.Vm.ExitHandler = handler;

        machine.Invoking(m => m.Run()).Should().Throw<InvalidDataException>();

        machine.Registers.Should().BeEquivalentTo(new { Rbx = 1UL, Rip = TestMachine.Code + 1 });
        machine.Cpu.InstructionsRetired.Should().Be(1);
        machine.Cpu.HasPendingExit.Should().BeFalse();
        handler.OnExit = null;
        machine.RunToHalt();
        (machine.Eax, machine.Registers.Rbx).Should().Be((5U, 2UL));
    }

    internal static ulong AnswerTo(int number, int width) => (0x0807_0605_0403_0201UL * (ulong)(number + 1)) & (ulong.MaxValue >> (64 - (8 * width)));

    internal static List<VmExit> Run(
        Taking taking,
        Action<Assembler> code,
        Func<GeneralRegisters, GeneralRegisters> registers,
        out TestMachine machine,
        Action<TestMachine>? prepare = null)
    {
        machine = TestMachine.Protected(a =>
        {
            code(a);
            a.hlt();
        });
        prepare?.Invoke(machine);
        machine.Set(registers);
        List<VmExit> seen = [];
        var handler = new RecordingHandler
        {
            Handles = _ => taking switch
            {
                Taking.Returned => false,
                Taking.InPlace => true,
                Taking.FirstInPlaceOnly => seen.Count == 0,
                Taking.SecondInPlaceOnly => seen.Count == 1,
                _ => seen.Count % 2 == 0,
            },
            Answer = (exit, _) => AnswerTo(seen.Count - 1, exit.Width),
            OnExit = (exit, _) => seen.Add(exit),
        };
        machine.Vm.ExitHandler = handler;
        VmExit exit = machine.Run();
        for (; exit.Reason is VmExitReason.Io or VmExitReason.Mmio; exit = machine.Run())
        {
            if (exit.Direction == ExitDirection.Read)
            {
                BitConverter.GetBytes(AnswerTo(seen.Count, exit.Width)).AsSpan(0, exit.Width).CopyTo(machine.Cpu.ExitData);
            }

            seen.Add(exit);
        }

        exit.Reason.Should().Be(VmExitReason.Hlt);
        return seen;
    }
}
