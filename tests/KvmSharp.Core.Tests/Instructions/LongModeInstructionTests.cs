using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public class LongModeInstructionTests
{
    private const ulong Wide = 0x1122_3344_5566_7788;

    [Fact]
    public void Results_Of32Bits_ClearTheUpperHalfAndNarrowerOnesDoNot()
    {
        using var guest = new LongGuest();
        GeneralRegisters after = guest.RunToHalt(a =>
        {
            a.mov(rax, Wide);
            a.mov(rbx, rax);
            a.mov(rcx, rax);
            a.mov(r8, rax);
            a.add(eax, 1);
            a.mov(bx, 1);
            a.mov(cl, 1);
            a.mov(r8b, 1);
            a.cmove(edx, edx);
            a.hlt();
        });
        (after.Rax, after.Rbx, after.Rcx, after.R8).Should()
            .Be((0x5566_7789UL, 0x1122_3344_5566_0001UL, 0x1122_3344_5566_7701UL, 0x1122_3344_5566_7701UL));
    }

    [Fact]
    public void RipRelative_Operand_CountsFromTheNextInstruction()
    {
        using var guest = new LongGuest();
        guest.Memory.Write(LongGuest.Code + 0x107, Wide);
        // nop; mov rax,[rip+0FFh]; hlt: the instruction ends at 8
        guest.RunToHalt(a => a.db(0x90, 0x48, 0x8B, 0x05, 0xFF, 0, 0, 0, 0xF4)).Rax.Should().Be(Wide);
    }

    [Fact]
    public void RexByteRegisters_NameSplToDil()
    {
        using var guest = new LongGuest();
        GeneralRegisters after = guest.RunToHalt(a =>
        {
            a.mov(rsi, Wide);
            a.mov(sil, 0x11);
            a.mov(eax, 0x2233);
            a.mov(dil, al);
            a.mov(bl, ah);
            a.hlt();
        });
        (after.Rsi, after.Rdi, after.Rbx).Should().Be((0x1122_3344_5566_7711UL, 0x33UL, 0x22UL));
    }

    [Fact]
    public void StringMove_With32BitAddresses_TruncatesItsRegisters()
    {
        using var guest = new LongGuest();
        guest.Memory.Write(LongGuest.Data, Wide);
        guest.Registers = guest.Registers with
        {
            Rcx = 0x9_0000_0001,
            Rsi = 0x9_0000_0000 + LongGuest.Data,
            Rdi = 0x9_0000_0000 + LongGuest.Data + 8,
        };
        GeneralRegisters after = guest.RunToHalt(a => a.db(0x67, 0xF3, 0x48, 0xA5, 0xF4)); // rep movsq
        (after.Rcx, after.Rsi, after.Rdi).Should().Be((0UL, LongGuest.Data + 8UL, LongGuest.Data + 16UL));
        guest.Memory.Read<ulong>(LongGuest.Data + 8).Should().Be(Wide);
    }

    [Fact]
    public void StringStore_AcrossPagesOfTheUpperHalf_FillsThem()
    {
        using var guest = new LongGuest();
        guest.Registers = guest.Registers with { Rcx = 0x300, Rax = Wide, Rdi = LongGuest.High + LongGuest.Data };
        guest.RunToHalt(a =>
        {
            a.rep.stosq();
            a.hlt();
        }).Rdi.Should().Be(LongGuest.High + LongGuest.Data + 0x1800);
        guest.Memory.Read<ulong>(LongGuest.Data + 0x17F8).Should().Be(Wide);
    }

    [Theory]
    [InlineData(0, 13)]
    [InlineData(8, -1)]
    public void Cmpxchg16b_Operand_MustBeAligned(int distance, int vector)
    {
        ulong at = LongGuest.Data + 8 + (ulong)distance;
        using var guest = new LongGuest();
        guest.Memory.Write(at, 1UL);
        guest.Memory.Write(at + 8, 2UL);
        guest.Registers = guest.Registers with { Rsi = at, Rax = 1, Rdx = 2, Rbx = 3, Rcx = 4 };
        guest.Run(a =>
        {
            a.@lock.cmpxchg16b(__[rsi]);
            a.hlt();
        });
        guest.Registers.Rip.Should().Be(vector < 0 ? LongGuest.Code + 6UL : LongGuest.HandlerOf(vector) + 1UL);
        (guest.Memory.Read<ulong>(at), guest.Memory.Read<ulong>(at + 8)).Should().Be(vector < 0 ? (3UL, 4UL) : (1UL, 2UL));
    }

    [Theory]
    [InlineData(new byte[] { 0x48, 0x8B, 0x00 }, 13)]             // mov rax,[rax]
    [InlineData(new byte[] { 0x48, 0x89, 0x00 }, 13)]             // mov [rax],rax
    [InlineData(new byte[] { 0x48, 0x01, 0x00 }, 13)]             // add [rax],rax
    [InlineData(new byte[] { 0xF0, 0x48, 0x01, 0x00 }, 13)]       // lock add [rax],rax
    [InlineData(new byte[] { 0x48, 0xF7, 0x20 }, 13)]             // mul qword [rax]
    [InlineData(new byte[] { 0x48, 0x8B, 0x45, 0x00 }, 12)]       // mov rax,[rbp]
    [InlineData(new byte[] { 0x64, 0x48, 0x8B, 0x45, 0x00 }, 13)] // mov rax,fs:[rbp]
    [InlineData(new byte[] { 0x50 }, 12)]                         // push rax
    [InlineData(new byte[] { 0x58 }, 12)]                         // pop rax
    [InlineData(new byte[] { 0x9C }, 12)]                         // pushfq
    [InlineData(new byte[] { 0xC9 }, 12)]                         // leave
    [InlineData(new byte[] { 0xE8, 0, 0, 0, 0 }, 12)]             // call
    [InlineData(new byte[] { 0x48, 0xAD }, 13)]                   // lodsq
    [InlineData(new byte[] { 0x48, 0xAB }, 13)]                   // stosq
    [InlineData(new byte[] { 0x0F, 0x01, 0x10 }, 13)]             // lgdt [rax]
    public void NotCanonicalOperand_RaisesItsFault(byte[] code, int vector)
    {
        using var guest = new LongGuest();
        guest.SetGate(vector, LongGuest.HandlerOf(vector), interruptStack: 1);
        guest.Registers = guest.Registers with
        {
            Rax = LongGuest.NotCanonical,
            Rbp = LongGuest.NotCanonical,
            Rsp = LongGuest.NotCanonical + 0x1000,
            Rsi = LongGuest.NotCanonical,
            Rdi = LongGuest.NotCanonical,
        };
        guest.RunToHandler(a => a.db(code)).Should().Be(vector);
        guest.StackItem(0).Should().Be(0);
    }

    [Fact]
    public void Operand_AcrossTheEndOfTheLowerHalf_IsNotCanonical()
    {
        using var guest = new LongGuest();
        guest.Registers = guest.Registers with { Rax = LongGuest.NotCanonical - 4 };
        guest.RunToHandler(a => a.mov(rbx, __[rax])).Should().Be(13);
    }

    [Fact]
    public void Multiplication_And_Division_Of64Bits_UseRdxRax()
    {
        using var guest = new LongGuest();
        GeneralRegisters after = guest.RunToHalt(a =>
        {
            a.mov(rax, ulong.MaxValue);
            a.mov(rbx, rax);
            a.mul(rbx);
            a.mov(r8, rdx);
            a.mov(r9, rax);
            a.div(rbx);
            a.mov(ecx, 5);
            a.neg(rcx);
            a.cqo();
            a.hlt();
        });
        (after.R8, after.R9, after.Rax, after.Rdx).Should().Be((ulong.MaxValue - 1, 1UL, ulong.MaxValue, ulong.MaxValue));
    }
}
