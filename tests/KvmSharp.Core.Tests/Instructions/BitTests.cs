using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public sealed class BitTests
{
    private const uint Carry = 1;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(31, 3)]
    [InlineData(32, 4)]
    [InlineData(-1, -1)]
    [InlineData(-33, -5)]
    [InlineData(80_000, 10_000)]
    public void BitTestAndSet_RegisterIndexIntoMemory_AddressesABitString(int index, int expectedByte)
    {
        using Guest guest = Guest.Flat(c => c.bts(__dword_ptr[Guest.Data], eax));
        guest.With(r => r with { Rax = (uint)index }).Run();
        guest.Memory.Read<byte>((ulong)(Guest.Data + expectedByte)).Should().Be((byte)(1 << (index & 7)));
        (guest.Registers.Rflags & Carry).Should().Be(0);
    }

    [Fact]
    public void BitTestAndReset_16BitIndex_IsSignedToo()
    {
        using Guest guest = Guest.Flat(c => c.btr(__word_ptr[Guest.Data], ax));
        guest.Memory.Write<ushort>(Guest.Data - 2, 0xFFFF);
        guest.With(r => r with { Rax = 0x7FFF_FFFF }).Run(); // AX = -1
        guest.Memory.Read<ushort>(Guest.Data - 2).Should().Be(0x7FFF);
        (guest.Registers.Rflags & Carry).Should().Be(Carry);
    }

    [Fact]
    public void BitTest_ImmediateIndex_StaysInTheOperand()
    {
        using Guest guest = Guest.Flat(c => c.btc(__dword_ptr[Guest.Data], 33));
        guest.Run();
        guest.Memory.Read<ulong>(Guest.Data).Should().Be(2);
    }

    [Fact]
    public void BitTest_RegisterOperand_TakesTheIndexModuloTheWidth()
    {
        using Guest guest = Guest.Flat(c => c.bt(ebx, eax));
        guest.With(r => r with { Rax = 0xFFFF_FFE3, Rbx = 8 }).Run();
        (guest.Registers.Rflags & Carry).Should().Be(Carry);
    }

    [Fact]
    public void BitTestAndSet_Locked_ReachesTheSameBit()
    {
        using Guest guest = Guest.Flat(c => c.@lock.bts(__dword_ptr[Guest.Data], eax));
        guest.With(r => r with { Rax = 0xFFFF_FFFF }).Run();
        guest.Memory.Read<uint>(Guest.Data - 4).Should().Be(0x8000_0000);
    }

    [Theory]
    [InlineData(0xBC, 0x0001_0000, 16)] // tzcnt's bytes
    [InlineData(0xBD, 0x0001_0000, 16)] // lzcnt's bytes: BSR gives the index, not the zeros above it
    [InlineData(0xBC, 0, 0x55)]         // a source of 0 leaves the destination, as BSF does
    public void BitScan_WithRepPrefixOnAnOldModel_IsBsfOrBsr(byte opcode, uint source, uint expected)
    {
        using Guest guest = Guest.Flat(c => c.db(0xF3, 0x0F, opcode, 0xC1)); // eax, ecx
        guest.Cpu.Cpuid = CpuModel.PentiumIII.Cpuid;
        guest.With(r => r with { Rax = 0x55, Rcx = source }).Run().Registers.Rax.Should().Be(expected);
    }
}
