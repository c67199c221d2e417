using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public sealed class InputOutputTests
{
    [Fact]
    public void Out_ImmediatePortAndDx_ExitWithTheAccumulator()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.@out(0xE9, al);
            c.@out(dx, eax);
        });
        guest.With(r => r with { Rax = 0x1234_5678, Rdx = 0xFFFF_03F8 });
        VmExit first = guest.Cpu.Run();
        (first.Reason, first.Direction, first.Port, first.Width, first.Value).Should()
            .Be((VmExitReason.Io, ExitDirection.Write, (ushort)0xE9, (byte)1, 0x78UL));
        VmExit second = guest.Cpu.Run();
        (second.Port, second.Width, second.Value).Should().Be(((ushort)0x3F8, (byte)4, 0x1234_5678UL));
    }

    [Fact]
    public void In_Word_TakesTheAnswerAndLeavesTheUpperHalf()
    {
        using Guest guest = Guest.Flat(c => c.@in(ax, dx));
        guest.With(r => r with { Rax = 0x9999_9999, Rdx = 0x1F0 });
        guest.Cpu.Run().Direction.Should().Be(ExitDirection.Read);
        guest.Cpu.ExitData[0] = 0xCD;
        guest.Cpu.ExitData[1] = 0xAB;
        guest.Cpu.CompletePendingExit().Should().BeTrue();
        guest.Registers.Rax.Should().Be(0x9999_ABCD);
    }

    [Fact]
    public void RepOuts_AcrossAPage_PacksOneExitForEachPage()
    {
        const uint Start = Guest.Data + 0x1000 - 6;
        using Guest guest = Guest.Flat(c => c.db(0x66, 0xF3, 0x6F)); // rep outsw
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        guest.Put(Start, bytes).With(r => r with { Rsi = Start, Rcx = 5, Rdx = 0x80 });
        VmExit first = guest.Cpu.Run(100);
        (first.Count, first.Width).Should().Be((3, (byte)2));
        guest.Cpu.ExitData.ToArray().Should().Equal(bytes[..6]);
        guest.Cpu.Run(100).Count.Should().Be(2);
        guest.Cpu.ExitData.ToArray().Should().Equal(bytes[6..]);
        guest.Cpu.CompletePendingExit().Should().BeTrue();
        GeneralRegisters after = guest.Registers;
        (after.Rsi, after.Rcx, after.Rip).Should().Be((Start + 10UL, 0UL, Guest.Code + 3UL));
        guest.Cpu.InstructionsRetired.Should().Be(5);
    }

    [Fact]
    public void RepIns_Batch_StoresTheAnswersInOrder()
    {
        using Guest guest = Guest.Flat(c => c.db(0xF3, 0x6D)); // rep insd
        guest.With(r => r with { Rdi = Guest.Data, Rcx = 4, Rdx = 0x1F0 });
        guest.Cpu.Run(100).Count.Should().Be(4);
        byte[] answer = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        answer.CopyTo(guest.Cpu.ExitData);
        guest.Cpu.CompletePendingExit().Should().BeTrue();
        guest.Bytes(Guest.Data, 16).Should().Equal(answer);
        (guest.Registers.Rdi, guest.Cpu.InstructionsRetired).Should().Be((Guest.Data + 16UL, 4UL));
    }

    [Fact]
    public void RepIns_BatchIsBoundedByTheBudget()
    {
        using Guest guest = Guest.Flat(c => c.db(0xF3, 0x6C)); // rep insb
        guest.With(r => r with { Rdi = Guest.Data, Rcx = 100, Rdx = 0x1F0 });
        guest.Cpu.Run(7).Count.Should().Be(7);
        guest.Cpu.CompletePendingExit().Should().BeTrue();
        guest.Registers.Rcx.Should().Be(93);
    }

    [Fact]
    public void RepIns_Backward_GoesOneByOne()
    {
        using Guest guest = Guest.Flat(c => c.db(0xF3, 0x6C)); // rep insb
        guest.With(r => r with { Rdi = Guest.Data + 1, Rcx = 2, Rdx = 0x1F0, Rflags = 0x402 });
        guest.Cpu.Run(10).Count.Should().Be(1);
        guest.Cpu.ExitData[0] = 0xAA;
        guest.Cpu.Run(10).Count.Should().Be(1);
        guest.Cpu.ExitData[0] = 0xBB;
        guest.Cpu.CompletePendingExit().Should().BeTrue();
        guest.Bytes(Guest.Data, 2).Should().Equal(0xBB, 0xAA);
    }

    [Fact]
    public void Ins_DestinationNotWritable_FaultsBeforeThePortIsRead()
    {
        using Guest guest = Guest.Flat(c => c.insb());
        guest.Map(Guest.Data, 1);
        GeneralRegisters before = guest.With(r => r with { Rdi = Guest.Data, Rdx = 0x60 }).Registers;
        guest.Run().ShouldHaveFaulted(14, before);
    }
}
