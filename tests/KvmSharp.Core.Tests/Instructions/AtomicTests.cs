using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public sealed class AtomicTests
{
    private const uint Zero = 0x40;

    [Theory]
    [InlineData(new byte[] { 0xF0, 0x01, 0xC8 })]             // lock add eax, ecx
    [InlineData(new byte[] { 0xF0, 0x03, 0x05, 0, 0, 2, 0 })] // lock add eax, [20000h]
    [InlineData(new byte[] { 0xF0, 0x39, 0x05, 0, 0, 2, 0 })] // lock cmp [20000h], eax
    [InlineData(new byte[] { 0xF0, 0x0F, 0xA3, 0x05, 0, 0, 2, 0 })] // lock bt [20000h], eax
    [InlineData(new byte[] { 0xF0, 0x89, 0x05, 0, 0, 2, 0 })] // lock mov [20000h], eax
    [InlineData(new byte[] { 0xF0, 0x90 })]                   // lock nop
    [InlineData(new byte[] { 0xF0, 0xD9, 0xE8 })]             // lock fld1
    public void Lock_WhatCannotBeLocked_IsInvalid(byte[] code)
    {
        using Guest guest = Guest.Flat(c => c.db(code));
        GeneralRegisters before = guest.Registers;
        guest.Run().ShouldHaveFaulted(6, before);
    }

    [Theory]
    [InlineData(Guest.Data)]          // within a cache line: the host's own atomics
    [InlineData(Guest.Data + 61)]     // across one
    [InlineData(Guest.Data + 0xFFE)]  // across a page
    public void Locked_AnyAlignment_ComputesAndSetsFlags(uint address)
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.@lock.sub(__dword_ptr[ebx], eax);
            c.@lock.xadd(__dword_ptr[ebx], ecx);
            c.xchg(__dword_ptr[ebx], edx);
        });
        guest.Memory.Write(address, 7U);
        guest.With(r => r with { Rax = 7, Rbx = address, Rcx = 40, Rdx = 0x1234_5678 });
        (guest.Run().Registers.Rflags & Zero).Should().Be(Zero);
        guest.Run().Registers.Rcx.Should().Be(0);
        guest.Run().Registers.Rdx.Should().Be(40);
        guest.Memory.Read<uint>(address).Should().Be(0x1234_5678);
    }

    [Fact]
    public void ExchangeAndAdd_SameRegisterTwice_KeepsTheSum()
    {
        using Guest guest = Guest.Flat(c => c.xadd(eax, eax));
        guest.With(r => r with { Rax = 21 }).Run().Registers.Rax.Should().Be(42);
    }

    [Theory]
    [InlineData(5, 5, 9, 5, Zero)]
    [InlineData(5, 6, 6, 6, 0)]
    public void CompareAndExchange_Memory_StoresOrLoads(uint accumulator, uint memory, uint expectedMemory, uint expectedAccumulator, uint zero)
    {
        using Guest guest = Guest.Flat(c => c.@lock.cmpxchg(__dword_ptr[Guest.Data], ecx));
        guest.Memory.Write(Guest.Data, memory);
        GeneralRegisters after = guest.With(r => r with { Rax = accumulator, Rcx = 9 }).Run().Registers;
        guest.Memory.Read<uint>(Guest.Data).Should().Be(expectedMemory);
        (after.Rax, after.Rflags & Zero).Should().Be((expectedAccumulator, zero));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CompareAndExchange8Bytes_EitherWay_TouchesZfAlone(bool match)
    {
        const uint AllFlags = 0x8D5;
        using Guest guest = Guest.Flat(c => c.cmpxchg8b(__qword_ptr[Guest.Data]));
        guest.Memory.Write(Guest.Data, 0x2222_2222_1111_1111UL);
        guest.With(r => r with { Rax = match ? 0x1111_1111U : 0, Rdx = 0x2222_2222, Rbx = 3, Rcx = 4, Rflags = AllFlags | 2 });
        GeneralRegisters after = guest.Run().Registers;
        guest.Memory.Read<ulong>(Guest.Data).Should().Be(match ? 0x4_0000_0003UL : 0x2222_2222_1111_1111UL);
        (after.Rax, after.Rdx).Should().Be((0x1111_1111UL, 0x2222_2222UL));
        after.Rflags.Should().Be(match ? AllFlags | 2 : (AllFlags | 2) & ~Zero);
    }
}
