
namespace KvmSharp.Tests.Instructions;

public sealed class MiscellaneousTests
{
    [Theory]
    [InlineData(new byte[] { 0xF3, 0x90 })]                         // pause
    [InlineData(new byte[] { 0xF3, 0x0F, 0x1E, 0xFB })]             // endbr32
    [InlineData(new byte[] { 0xF3, 0x0F, 0x1E, 0xC8 })]             // rdsspd eax
    [InlineData(new byte[] { 0xF3, 0x0F, 0x09 })]                   // wbnoinvd, on a processor that takes it for wbinvd
    [InlineData(new byte[] { 0x0F, 0x1F, 0x05, 0, 0, 0, 0xF0 })]    // nop [F0000000h]: not accessed
    [InlineData(new byte[] { 0x0F, 0x18, 0x05, 0, 0, 0, 0xF0 })]    // prefetchnta
    [InlineData(new byte[] { 0x0F, 0x19, 0xC0 })]                   // reserved
    [InlineData(new byte[] { 0x0F, 0x1A, 0x05, 0, 0, 0, 0xF0 })]    // reserved, later bndldx
    [InlineData(new byte[] { 0x0F, 0x1C, 0x05, 0, 0, 0, 0xF0 })]    // reserved, later cldemote
    [InlineData(new byte[] { 0x0F, 0x0D, 0x0D, 0, 0, 0, 0xF0 })]    // reserved, later prefetchw
    public void Nop_EveryKind_TouchesNothing(byte[] code)
    {
        using Guest guest = Guest.Flat(c => c.db(code));
        GeneralRegisters before = guest.With(r => r with { Rax = 1 }).Registers;
        guest.Run().Registers.Should().Be(before with { Rip = Guest.Code + (uint)code.Length });
    }

    [Theory]
    [InlineData(new byte[] { 0x0F, 0x0B })]             // ud2
    [InlineData(new byte[] { 0x0F, 0x6F, 0xC0 })]       // movq mm0, mm0
    [InlineData(new byte[] { 0x0F, 0x58, 0xC0 })]       // addps xmm0, xmm0
    [InlineData(new byte[] { 0xF2, 0x0F, 0x10, 0xC0 })] // movsd xmm0, xmm0: not the string instruction
    [InlineData(new byte[] { 0xF2, 0x0F, 0xC2, 0xC0, 0 })] // cmpsd xmm0, xmm0, 0
    [InlineData(new byte[] { 0xF3, 0x0F, 0xB8, 0xC0 })] // popcnt eax, eax
    [InlineData(new byte[] { 0x0F, 0x38, 0xF0, 0x00 })] // movbe eax, [eax]
    public void NewerThanTheModel_IsInvalid(byte[] code)
    {
        using Guest guest = Guest.Flat(c => c.db(code));
        guest.Cpu.Cpuid = CpuModel.Intel486.Cpuid;
        GeneralRegisters before = guest.Registers;
        guest.Run().ShouldHaveFaulted(6, before);
    }

    [Theory]
    [InlineData(0x2, 0x00)]
    [InlineData(0x3, 0xFF)]
    public void SetAlFromCarry_SpreadsCf(uint flags, byte expected)
    {
        using Guest guest = Guest.Flat(c => c.salc());
        guest.With(r => r with { Rax = 0x55, Rflags = flags }).Run().Registers.Rax.Should().Be(expected);
    }

    [Fact]
    public void FlagInstructions_EachInTurn_ChangeWhatTheyName()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.std();
            c.stc();
            c.lahf();
            c.cmc();
            c.cld();
            c.sahf();
        });
        guest.Run(3).Registers.Should().BeEquivalentTo(new { Rax = 0x300UL, Rflags = 0x403UL });
        guest.Run(2).Registers.Rflags.Should().Be(2);
        guest.Run().Registers.Rflags.Should().Be(3);
    }
}
