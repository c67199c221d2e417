using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public sealed class OperandFormTests
{
    [Fact]
    public void ByteOperands_HighRegisters_AreBits8To15()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.mov(ah, 0x12);
            c.mov(bl, ah);
            c.add(bh, ah);
            c.xchg(ch, bl);
        });
        GeneralRegisters after = guest.With(r => r with { Rax = 0xAABBCCDD, Rbx = 0x11223344, Rcx = 0x55667788 }).Run(4).Registers;
        (after.Rax, after.Rbx, after.Rcx).Should().Be((0xAABB12DDUL, 0x11224577UL, 0x55661288UL));
    }

    [Fact]
    public void MemoryOperand_BaseIndexScaleDisplacement_IsTheirSum()
    {
        using Guest guest = Guest.Flat(c => c.mov(eax, __dword_ptr[ebx + (ecx * 4) - 8]));
        guest.Memory.Write(Guest.Data + 4, 0xCAFEBABEU);
        guest.With(r => r with { Rbx = Guest.Data, Rcx = 3 }).Run().Registers.Rax.Should().Be(0xCAFEBABE);
    }

    [Fact]
    public void MemoryOperand_16BitAddress_WrapsAndUsesTheStackSegmentForBp()
    {
        using Guest guest = Guest.Real(c =>
        {
            c.mov(al, __byte_ptr[bx + si]); // DS:0003 after the wrap
            c.mov(ah, __byte_ptr[bp + di]); // SS:0003
        });
        guest.Put(Guest.Data + 3, 0x11).Put(Guest.StackTop + 3, 0x22);
        guest.With(r => r with { Rbx = 0xFFFF, Rsi = 4, Rbp = 0xFFFE, Rdi = 5 }).Run(2).Registers.Rax.Should().Be(0x2211);
    }

    [Fact]
    public void MemoryOperand_WordAtTheEndOfASegment_RaisesGeneralProtection()
    {
        using Guest guest = Guest.Real(c => c.mov(ax, __word_ptr[bx]));
        guest.With(r => r with { Rbx = 0xFFFF }).Run().Vector.Should().Be(13);
    }

    [Fact]
    public void LoadEffectiveAddress_16BitAddressInto32Bits_ClearsTheUpperHalf()
    {
        using Guest guest = Guest.Flat(c => c.db(0x67, 0x8D, 0x00)); // lea eax, [bx+si]
        guest.With(r => r with { Rax = ulong.MaxValue, Rbx = 0x1_FFFF, Rsi = 3 }).Run().Registers.Rax.Should().Be(2);
    }

    [Fact]
    public void LoadEffectiveAddress_RegisterOperand_IsInvalid()
    {
        using Guest guest = Guest.Flat(c => c.db(0x8D, 0xC0)); // lea eax, eax
        GeneralRegisters before = guest.Registers;
        guest.Run().ShouldHaveFaulted(6, before);
    }

    [Fact]
    public void Multiply_ThreeOperands_LeavesTheSourceAndTakesMemory()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.imul(eax, ecx, -3);
            c.imul(dx, __word_ptr[Guest.Data], 0x100);
        });
        guest.Memory.Write<ushort>(Guest.Data, 0x0102);
        GeneralRegisters after = guest.With(r => r with { Rcx = 7, Rdx = 0x5555_5555 }).Run(2).Registers;
        (after.Rax, after.Rcx, after.Rdx).Should().Be((0xFFFF_FFEBUL, 7UL, 0x5555_0200UL));
    }

    [Fact]
    public void Multiply_OneByteOperand_FillsAx()
    {
        using Guest guest = Guest.Flat(c => c.mul(dh));
        guest.With(r => r with { Rax = 0x7700_00FF, Rdx = 0xFF00 }).Run().Registers.Rax.Should().Be(0x7700_FE01);
    }

    [Theory]
    [InlineData(0x0000_0001, 0, 0)] // a divisor of 0
    [InlineData(0x0000_0001, 0, 1)] // a quotient of 33 bits
    public void Divide_NoQuotient_RaisesDivideErrorAndChangesNothing(uint edx, uint eax, uint divisor)
    {
        using Guest guest = Guest.Flat(c => c.div(ecx));
        GeneralRegisters before = guest.With(r => r with { Rax = eax, Rdx = edx, Rcx = divisor }).Registers;
        guest.Run().ShouldHaveFaulted(0, before);
    }

    [Fact]
    public void Extensions_EveryPairOfWidths_FillTheDestination()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.movsx(eax, __byte_ptr[Guest.Data]);
            c.movzx(ecx, __word_ptr[Guest.Data]);
            c.movsx(dx, __byte_ptr[Guest.Data]);
            c.movsx(ebx, cx);
        });
        GeneralRegisters after = guest.Put(Guest.Data, 0x80, 0x81).With(r => r with { Rdx = 0x7777_7777 }).Run(4).Registers;
        (after.Rax, after.Rcx, after.Rdx, after.Rbx).Should().Be((0xFFFF_FF80UL, 0x8180UL, 0x7777_FF80UL, 0xFFFF_8180UL));
    }

    [Fact]
    public void AccumulatorExtensions_NegativeValue_SpreadTheSign()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.cbw();
            c.cwd();
            c.cwde();
            c.cdq();
        });
        guest.With(r => r with { Rax = 0x1234_5680, Rdx = 0x1111_1111 });
        guest.Run().Registers.Rax.Should().Be(0x1234_FF80);
        guest.Run().Registers.Rdx.Should().Be(0x1111_FFFF);
        guest.Run().Registers.Rax.Should().Be(0xFFFF_FF80);
        guest.Run().Registers.Rdx.Should().Be(0xFFFF_FFFF);
    }

    [Fact]
    public void ByteSwap_32And16Bits_ReversesAndClears()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.bswap(eax);
            c.db(0x66, 0x0F, 0xC9); // bswap cx
        });
        GeneralRegisters after = guest.With(r => r with { Rax = 0x1122_3344, Rcx = 0x5566_7788 }).Run(2).Registers;
        (after.Rax, after.Rcx).Should().Be((0x4433_2211UL, 0x5566_0000UL));
    }

    [Fact]
    public void TableLookup_AlIsTheUnsignedIndex()
    {
        using Guest guest = Guest.Real(c => c.xlatb());
        guest.Put(Guest.Data + 0x10F, 0x99).With(r => r with { Rbx = 0x10, Rax = 0x12FF }).Run().Registers.Rax.Should().Be(0x1299);
    }

    [Fact]
    public void DoubleShift_MemoryByCl_TakesBitsFromTheRegister()
    {
        using Guest guest = Guest.Flat(c => c.shld(__dword_ptr[Guest.Data], edx, cl));
        guest.Memory.Write(Guest.Data, 0x1234_5678U);
        guest.With(r => r with { Rcx = 0x08, Rdx = 0xAB00_0000 }).Run();
        guest.Memory.Read<uint>(Guest.Data).Should().Be(0x3456_78AB);
    }
}
