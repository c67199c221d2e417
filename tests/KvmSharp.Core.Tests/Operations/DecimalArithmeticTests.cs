using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class DecimalArithmeticTests
{
    [Fact]
    public void Daa_EveryPairOfPackedNumbersAndCarry_GivesTheDecimalSum()
    {
        for (int a = 0; a < 100; a++)
        {
            for (int b = 0; b < 200; b++)
            {
                (int second, int carry) = (b % 100, b / 100);
                var flags = ArithmeticFlags.FromRflags((uint)carry);
                byte sum = Adc.Apply(Packed(a), Packed(second), ref flags);
                ushort ax = Daa.Apply((ushort)(0xA500 | sum), ref flags);
                int total = a + second + carry;
                uint expectedFlags = Flags(ax, total > 99, (a % 10) + (second % 10) + carry > 9);
                Expected.Same(ax, flags, 0xA500u | Packed(total % 100), expectedFlags, nameof(Daa), (ulong)a, (ulong)b);
            }
        }
    }

    [Fact]
    public void Das_EveryPairOfPackedNumbersAndBorrow_GivesTheDecimalDifference()
    {
        for (int a = 0; a < 100; a++)
        {
            for (int b = 0; b < 200; b++)
            {
                (int second, int borrow) = (b % 100, b / 100);
                var flags = ArithmeticFlags.FromRflags((uint)borrow);
                byte difference = Sbb.Apply(Packed(a), Packed(second), ref flags);
                ushort ax = Das.Apply((ushort)(0xA500 | difference), ref flags);
                int total = a - second - borrow;
                uint expectedFlags = Flags(ax, total < 0, a % 10 < (second % 10) + borrow);
                Expected.Same(ax, flags, 0xA500u | Packed((total + 100) % 100), expectedFlags, nameof(Das), (ulong)a, (ulong)b);
            }
        }
    }

    /// <summary>Operands that no addition of decimal digits leaves.</summary>
    [Theory]
    [InlineData(0x9A, 0x00, 0x00, 0x55)] // both digits corrected: 9A + 66
    [InlineData(0x99, 0x00, 0x99, 0x84)]
    [InlineData(0x99, 0x01, 0xF9, 0x85)]
    [InlineData(0xFA, 0x10, 0x60, 0x15)]
    public void Daa_OddOperands_FollowTheManualsSteps(byte al, uint before, byte expected, uint expectedFlags)
    {
        var flags = ArithmeticFlags.FromRflags(before);
        Daa.Apply(al, ref flags).Should().Be(expected);
        flags.ToRflags().Should().Be(expectedFlags);
    }

    [Theory]
    [InlineData(0x05, 0x10, 0xFF, 0x95)] // 5 - 6 borrows: CF though AL is not above 99H
    [InlineData(0x06, 0x10, 0x00, 0x54)]
    [InlineData(0x9A, 0x00, 0x34, 0x11)]
    public void Das_OddOperands_FollowTheManualsSteps(byte al, uint before, byte expected, uint expectedFlags)
    {
        var flags = ArithmeticFlags.FromRflags(before);
        Das.Apply(al, ref flags).Should().Be(expected);
        flags.ToRflags().Should().Be(expectedFlags);
    }

    [Fact]
    public void AaaAndAas_EveryLowDigitAndFlagState_CarryIntoAh()
    {
        foreach (uint before in Values.AllFlagStates)
        {
            for (uint al = 0; al < 256; al++)
            {
                bool wrong = al % 16 > 9 || (before & Expected.Adjust) != 0;
                var added = ArithmeticFlags.FromRflags(before);
                ushort up = Aaa.Apply((ushort)(0x3000 | al), ref added);
                uint expectedUp = wrong ? ((0x3000 | al) + 0x106) & 0xFF0F : 0x3000 | (al % 16);
                Expected.Same(up, added, expectedUp, Flags(up, wrong, wrong), nameof(Aaa), al, before);

                var taken = ArithmeticFlags.FromRflags(before);
                ushort down = Aas.Apply((ushort)(0x3000 | al), ref taken);
                uint expectedDown = wrong ? ((0x3000 | al) - 0x106) & 0xFF0F : 0x3000 | (al % 16);
                Expected.Same(down, taken, expectedDown, Flags(down, wrong, wrong), nameof(Aas), al, before);
            }
        }
    }

    [Fact]
    public void AamAndAad_EveryByteAndBase_SplitAndJoin()
    {
        for (uint al = 0; al < 256; al++)
        {
            for (uint numberBase = 1; numberBase < 256; numberBase++)
            {
                var split = ArithmeticFlags.FromRflags(ArithmeticFlags.Mask);
                Aam.TryApply((byte)al, (byte)numberBase, out ushort ax, ref split).Should().BeTrue();
                Expected.Same(ax, split, (al / numberBase * 256) + (al % numberBase), Expected.ZeroSignParity(al % numberBase, 8), nameof(Aam), al, numberBase);

                var joined = ArithmeticFlags.FromRflags(ArithmeticFlags.Mask);
                ushort back = Aad.Apply(ax, (byte)numberBase, ref joined);
                (ulong result, uint sumFlags) = Expected.Sum(ax & 0xFFu, ((uint)(ax >> 8) * numberBase) & 0xFF, 0, 8);
                Expected.Same(back, joined, result, sumFlags, nameof(Aad), ax, numberBase);
                back.Should().Be((ushort)al);
            }
        }
    }

    [Fact]
    public void Aam_BaseZero_IsADivideErrorAndKeepsTheFlags()
    {
        var flags = ArithmeticFlags.FromRflags(Expected.Carry | Expected.Overflow);
        Aam.TryApply(7, 0, out _, ref flags).Should().BeFalse();
        flags.ToRflags().Should().Be(Expected.Carry | Expected.Overflow);
    }

    private static byte Packed(int number) => (byte)((number / 10 * 16) + (number % 10));

    private static uint Flags(ushort ax, bool carry, bool adjust) =>
        Expected.ZeroSignParity((byte)ax, 8) | Expected.If(carry, Expected.Carry) | Expected.If(adjust, Expected.Adjust);
}
