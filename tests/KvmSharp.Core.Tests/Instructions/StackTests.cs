using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public sealed class StackTests
{
    private const uint MissingPage = Guest.StackTop - 0x1000;

    [Fact]
    public void PopMemory_AddressedByEsp_SeesTheMovedPointer()
    {
        using Guest guest = Guest.Flat(c => c.pop(__dword_ptr[esp]));
        guest.Memory.Write(Guest.StackTop - 8, 0x1111_1111U);
        guest.With(r => r with { Rsp = Guest.StackTop - 8 }).Run().Registers.Rsp.Should().Be(Guest.StackTop - 4);
        guest.Memory.Read<uint>(Guest.StackTop - 4).Should().Be(0x1111_1111);
    }

    [Fact]
    public void PushAndPopOfEsp_TheOldPointerIsPushed_ThePoppedItemStays()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.push(esp);
            c.pop(esp);
        });
        guest.Run().Registers.Rsp.Should().Be(Guest.StackTop - 4);
        guest.Memory.Read<uint>(Guest.StackTop - 4).Should().Be(Guest.StackTop);
        guest.Run().Registers.Rsp.Should().Be(Guest.StackTop);
    }

    [Fact]
    public void Push_ImmediateByte_IsSignExtendedToTheOperandSize()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.push(-2);
            c.db(0x66, 0x6A, 0xFF); // push word -1
        });
        guest.Run(2).Registers.Rsp.Should().Be(Guest.StackTop - 6);
        guest.Bytes(Guest.StackTop - 6, 6).Should().Equal(0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF);
    }

    [Fact]
    public void Push_16BitStack_WrapsAndLeavesTheUpperHalfOfEsp()
    {
        using Guest guest = Guest.Real(c => c.push(ax));
        guest.With(r => r with { Rsp = 0x7777_0000, Rax = 0xBEEF }).Run().Registers.Rsp.Should().Be(0x7777_FFFE);
        guest.Memory.Read<ushort>(Guest.StackTop + 0xFFFE).Should().Be(0xBEEF);
    }

    [Fact]
    public void Push_ItemAcrossTheEndOfA16BitStack_RaisesStackFault()
    {
        using Guest guest = Guest.Real(c => c.push(eax));
        guest.With(r => r with { Rsp = 2 }).Run();
        guest.Vector.Should().Be(12);
        guest.Registers.Rsp.Should().Be(0xFFFC, "the exception's own frame of three words wraps around");
    }

    [Fact]
    public void PushAll_ThenPopAll_RestoresAllButThePointer()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.pushad();
            c.popad();
        });
        GeneralRegisters before = guest.With(r => r with { Rax = 1, Rcx = 2, Rdx = 3, Rbx = 4, Rbp = 6, Rsi = 7, Rdi = 8 }).Registers;
        guest.Run().Registers.Rsp.Should().Be(Guest.StackTop - 32);
        guest.Memory.Read<uint>(Guest.StackTop - 20).Should().Be(Guest.StackTop);
        guest.Memory.Write(Guest.StackTop - 20, 0xDEADU); // the stored ESP is thrown away
        guest.Run();
        (guest.Registers with { Rip = before.Rip }).Should().Be(before);
    }

    [Fact]
    public void PushAll_StackRunsIntoAMissingPage_LeavesThePointer()
    {
        using Guest guest = Guest.Flat(c => c.pushad());
        guest.Map(MissingPage, 0);
        guest.With(r => r with { Rsp = MissingPage + 0x1010 }).Run();

        // The exception's own frame of 16 bytes fits above the missing page exactly.
        guest.Vector.Should().Be(14);
        guest.Registers.Rsp.Should().Be(MissingPage + 0x1000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(31)]
    [InlineData(32)] // levels are taken modulo 32
    public void Enter_AnyLevel_CopiesTheDisplayAndMakesRoom(byte level)
    {
        const uint OldFrame = Guest.StackTop - 0x100;
        using Guest guest = Guest.Flat(c => c.enter(0x20, (sbyte)level));
        for (uint i = 1; i < 32; i++)
        {
            guest.Memory.Write(OldFrame - (4 * i), 0xF000 + i);
        }

        const uint Start = Guest.StackTop - 0x400;
        GeneralRegisters after = guest.With(r => r with { Rsp = Start, Rbp = OldFrame }).Run().Registers;
        const uint Frame = Start - 4;
        int levels = level % 32;
        after.Rbp.Should().Be(Frame);
        after.Rsp.Should().Be((ulong)(Frame - (4 * levels) - 0x20));
        guest.Memory.Read<uint>(Frame).Should().Be(OldFrame);
        for (uint i = 1; i < levels; i++)
        {
            guest.Memory.Read<uint>(Frame - (4 * i)).Should().Be(0xF000 + i);
        }

        if (levels > 0)
        {
            guest.Memory.Read<uint>(Frame - (4 * (uint)levels)).Should().Be(Frame);
        }
    }

    [Fact]
    public void Enter_RoomEndsInAMissingPage_Faults()
    {
        using Guest guest = Guest.Flat(c => c.enter(0x800, 0));
        guest.Map(MissingPage, 0);
        GeneralRegisters before = guest.With(r => r with { Rsp = Guest.StackTop + 0x804, Rbp = 5 }).Registers;
        guest.Run().Registers.Rsp.Should().Be(Guest.StackTop, "the lowest item of the room still lies in a page that is there");
        before = guest.With(_ => before with { Rsp = Guest.StackTop + 0x800 }).Registers;
        guest.Run().ShouldHaveFaulted(14, before);
    }

    [Fact]
    public void Leave_16BitOperand_KeepsTheUpperHalfOfEbp()
    {
        using Guest guest = Guest.Flat(c => c.db(0x66, 0xC9)); // leave, 16-bit
        guest.Memory.Write<ushort>(Guest.StackTop - 0x10, 0x4321);
        GeneralRegisters after = guest.With(r => r with { Rbp = Guest.StackTop - 0x10 }).Run().Registers;
        (after.Rsp, after.Rbp).Should().Be((Guest.StackTop - 0xEUL, 0x0002_4321UL));
    }
}
