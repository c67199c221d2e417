using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class DoubleShiftOpTests
{
    [Fact]
    public void Apply_EveryCount_IsThatManySingleSteps() => Values.ForAll((destination, source, before) =>
    {
        for (int count = 0; count < 256; count += count < 64 ? 1 : 37)
        {
            CheckAll<ushort>(destination, source, count, before);
            CheckAll<uint>(destination, source, count, before);
            CheckAll<ulong>(destination, source, count, before);
        }
    });

    [Fact]
    public void Apply_WordAndCountAboveSixteen_TheDestinationFollowsTheSource()
    {
        var flags = default(ArithmeticFlags);

        Shld.Apply((ushort)0x1234, (ushort)0xABCD, 20, ref flags).Should().Be(0xBCD1);
        Shrd.Apply((ushort)0x1234, (ushort)0xABCD, 20, ref flags).Should().Be(0x4ABC);
    }

    private static void CheckAll<T>(ulong wideDestination, ulong wideSource, int count, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        ulong ones = Expected.Ones(width);
        ulong destination = wideDestination & ones, source = wideSource & ones;
        int steps = count % (width == 64 ? 64 : 32);
        (ulong left, ulong leftIn, bool leftCarry) = (destination, source, false);
        (ulong right, ulong rightIn, bool rightCarry) = (destination, source, false);
        for (int i = 0; i < steps; i++) // each step moves one bit round the pair, so the destination comes in behind the source
        {
            leftCarry = Expected.Top(left, width);
            (left, leftIn) = (((left << 1) | (leftIn >> (width - 1))) & ones, ((leftIn << 1) | (leftCarry ? 1UL : 0)) & ones);
            rightCarry = (right & 1) != 0;
            (right, rightIn) = ((right >> 1) | ((rightIn & 1) << (width - 1)), (rightIn >> 1) | ((rightCarry ? 1UL : 0) << (width - 1)));
        }

        bool leftOverflow = Expected.Top(destination, width) != Expected.Top(destination << 1, width);
        bool rightOverflow = Expected.Top(destination, width) != ((source & 1) != 0);
        Check<Shld, T>(destination, source, count, before, left, steps == 0 ? before : Flags(left, leftCarry, leftOverflow, width));
        Check<Shrd, T>(destination, source, count, before, right, steps == 0 ? before : Flags(right, rightCarry, rightOverflow, width));
    }

    private static uint Flags(ulong result, bool carry, bool overflow, int width) =>
        Expected.ZeroSignParity(result, width) | Expected.If(carry, Expected.Carry) | Expected.If(overflow, Expected.Overflow);

    private static void Check<TOp, T>(ulong destination, ulong source, int count, uint before, ulong expected, uint expectedFlags)
        where TOp : IDoubleShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var flags = ArithmeticFlags.FromRflags(before);
        T result = TOp.Apply(T.CreateTruncating(destination), T.CreateTruncating(source), count, ref flags);
        Expected.Same(result, flags, expected, expectedFlags, typeof(TOp).Name, destination, source, (ulong)count, before);
    }
}
