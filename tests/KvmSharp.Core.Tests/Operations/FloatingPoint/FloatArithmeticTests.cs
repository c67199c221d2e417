using System.Numerics;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Tests.Operations.FloatingPoint;

public class FloatArithmeticTests
{
    [Fact]
    public void AddAndSubtract_NormalNumbers_RoundTheExactResult() => Floats.ForAll((a, b, control) =>
    {
        (BigInteger x, int xPower) = ExactReference.Split(a);
        (BigInteger y, int yPower) = ExactReference.Split(b);
        int power = Math.Min(xPower, yPower);
        x <<= xPower - power;
        y <<= yPower - power;
        CheckRounded(Floats.Apply<FloatAdd>(a, b, control), x + y, 1, power, control);
        CheckRounded(Floats.Apply<FloatSubtract>(a, b, control), x - y, 1, power, control);
        CheckRounded(Floats.Apply<FloatSubtractReversed>(a, b, control), y - x, 1, power, control);
    });

    [Fact]
    public void MultiplyAndDivide_NormalNumbers_RoundTheExactResult() => Floats.ForAll((a, b, control) =>
    {
        (BigInteger x, int xPower) = ExactReference.Split(a);
        (BigInteger y, int yPower) = ExactReference.Split(b);
        CheckRounded(Floats.Apply<FloatMultiply>(a, b, control), x * y, 1, xPower + yPower, control);
        BigInteger numerator = y.Sign < 0 ? -x : x;
        CheckRounded(Floats.Apply<FloatDivide>(a, b, control), numerator, BigInteger.Abs(y), xPower - yPower, control);
    });

    [Fact]
    public void Root_PositiveNumber_EnclosesItFromBelow() => Floats.ForAll(Floats.Normals, value =>
    {
        Float80 a = value.Absolute();
        var env = new FloatEnvironment((ushort)(Floats.Default | ((int)FloatRoundingMode.Down << X87Control.RoundingShift)));
        (BigInteger root, int rootPower) = ExactReference.Split(FloatSquareRoot.Root(a, ref env));
        (BigInteger x, int power) = ExactReference.Split(a);
        BigInteger square = x << (power - (2 * rootPower));
        (root * root).Should().BeLessThanOrEqualTo(square);
        ((root + 1) * (root + 1)).Should().BeGreaterThan(square);
        ((env.Status & X87Status.Precision) == 0).Should().Be(root * root == square);
    });

    [Fact]
    public void AddAndMultiply_AnyOperands_Commute() => Floats.ForAll(
        (a, b, control) =>
        {
            Floats.Apply<FloatAdd>(a, b, control).Should().Be(Floats.Apply<FloatAdd>(b, a, control));
            Floats.Apply<FloatMultiply>(a, b, control).Should().Be(Floats.Apply<FloatMultiply>(b, a, control));
        },
        Floats.Anything);

    [Fact]
    public void Subtract_NumberFromItself_IsZeroWithTheSignOfRounding() => Floats.ForAll((a, _, control) =>
    {
        bool down = (control & X87Control.RoundingMask) >> X87Control.RoundingShift == (int)FloatRoundingMode.Down;
        Floats.Apply<FloatSubtract>(a, a, control).Should().Be((Float80.Zero(down), 0));
    });

    [Fact]
    public void Arithmetic_Doubles_AgreesWithTheHost()
    {
        // Rounding to 53 bits, which has no double rounding as long as no result is denormal.
        const ushort Control = 0x7F | X87Control.Double;
        Floats.ForAll((a, b, _) =>
        {
            double x = Floats.ToDouble(a);
            double y = Floats.ToDouble(b);
            Floats.ToDouble(Floats.Apply<FloatAdd>(Floats.Of(x), Floats.Of(y), Control).Result).Should().Be(x + y);
            Floats.ToDouble(Floats.Apply<FloatMultiply>(Floats.Of(x), Floats.Of(y), Control).Result).Should().Be(x * y);
            Floats.ToDouble(Floats.Apply<FloatDivide>(Floats.Of(x), Floats.Of(y), Control).Result).Should().Be(x / y);
        });
    }

    [Fact]
    public void Partial_CloseOperands_IsTheExactRemainder() => Floats.ForAll((a, b, control) =>
    {
        if (a.Exponent - b.Exponent >= 64)
        {
            return;
        }

        (BigInteger x, int xPower) = ExactReference.Split(a);
        (BigInteger y, int yPower) = ExactReference.Split(b);
        int power = Math.Min(xPower, yPower);
        BigInteger quotient = BigInteger.DivRem(x << (xPower - power), y << (yPower - power), out BigInteger rest);
        var env = new FloatEnvironment(control);
        (BigInteger result, int resultPower) = ExactReference.Split(FloatRemainder.Partial(a, b, nearest: false, out _, ref env));
        int bits = ((env.Status & X87Status.C0) != 0 ? 4 : 0) | ((env.Status & X87Status.C3) != 0 ? 2 : 0) | ((env.Status & X87Status.C1) != 0 ? 1 : 0);
        bits.Should().Be((int)(BigInteger.Abs(quotient) & 7));
        (env.Status & X87Status.C2).Should().Be(0);
        (result << (Math.Max(resultPower, power) - power)).Should().Be(rest << (Math.Max(resultPower, power) - resultPower));
    });

    [Fact]
    public void Partial_FarOperands_SetsC2UntilItIsComplete()
    {
        Float80 value = Floats.Of(1e300);
        Float80 divisor = Floats.Of(Math.PI);
        int steps = 0;
        FloatEnvironment env;
        do
        {
            env = new FloatEnvironment(Floats.Default);
            value = FloatRemainder.Partial(value, divisor, nearest: false, out _, ref env);
            steps++;
        }
        while ((env.Status & X87Status.C2) != 0);

        steps.Should().BeInRange(2, 40);
        Floats.ToDouble(value).Should().Be(1e300 % Math.PI);
    }

    private static void CheckRounded((Float80 Result, int Status) actual, BigInteger numerator, BigInteger denominator, int power, ushort control)
    {
        if (numerator.IsZero)
        {
            actual.Result.Class.Should().Be(FloatClass.Zero);
            return;
        }

        (Float80 result, bool inexact) = ExactReference.Round(numerator, denominator, power, control);
        actual.Result.Should().Be(result);
        (actual.Status & X87Status.Precision).Should().Be(inexact ? X87Status.Precision : 0);
    }
}
