using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Tests.Operations.FloatingPoint;

/// <summary>Each exception, masked and unmasked. Intel SDM Vol. 1, "x87 FPU Floating-Point Exception Conditions".</summary>
public class FloatExceptionTests
{
    private const int None = 0;

    public static TheoryData<string, int> Table => new()
    {
        { "+inf + -inf", X87Status.Invalid },
        { "+inf - +inf", X87Status.Invalid },
        { "+inf * zero", X87Status.Invalid },
        { "+inf / +inf", X87Status.Invalid },
        { "zero / zero", X87Status.Invalid },
        { "snan + one", X87Status.Invalid },
        { "unnormal + one", X87Status.Invalid },
        { "unnormal * qnan", X87Status.Invalid },
        { "qnan + one", None },
        { "qnan + denormal", None },
        { "one / zero", X87Status.ZeroDivide },
        { "denormal / zero", X87Status.ZeroDivide },
        { "+inf / zero", None },
        { "denormal * zero", X87Status.Denormal },
        { "denormal + +inf", X87Status.Denormal },
        { "largest + largest", X87Status.Overflow | X87Status.Precision | X87Status.C1 },
        { "least * least", X87Status.Underflow | X87Status.Precision },
        { "denormal - zero", X87Status.Denormal },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Apply_SpecialOperands_RaiseWhatTheManualSays(string expression, int status)
    {
        string[] parts = expression.Split(' ');
        (Float80 a, Float80 b) = (Named(parts[0]), Named(parts[2]));
        int raised = parts[1] switch
        {
            "+" => Floats.Apply<FloatAdd>(a, b).Status,
            "-" => Floats.Apply<FloatSubtract>(a, b).Status,
            "*" => Floats.Apply<FloatMultiply>(a, b).Status,
            _ => Floats.Apply<FloatDivide>(a, b).Status,
        };
        raised.Should().Be(status, expression);
    }

    [Fact]
    public void Apply_MaskedInvalid_GivesTheIndefinite() =>
        Floats.Apply<FloatMultiply>(Floats.Infinity, default).Result.Should().Be(Float80.Indefinite);

    [Fact]
    public void Apply_TwoNaNs_GivesTheQuietOneOrTheLarger()
    {
        var larger = new Float80(0xFFFF, 0xC000_0000_0000_9999);
        Floats.Apply<FloatAdd>(Floats.QuietNaN, larger).Result.Should().Be(larger);
        Floats.Apply<FloatAdd>(new Float80(0x7FFF, 0xBFFF_0000_0000_0000), Floats.QuietNaN).Result.Should().Be(Floats.QuietNaN);
        Floats.Apply<FloatAdd>(Floats.SignalingNaN, Float80.One).Result.Should().Be(Floats.SignalingNaN.Quieted());
        Floats.Apply<FloatAdd>(Floats.QuietNaN.Negated(), Floats.QuietNaN).Result.Should().Be(Floats.QuietNaN);
    }

    [Theory]
    [InlineData((int)FloatRoundingMode.Nearest, true)]
    [InlineData((int)FloatRoundingMode.Down, false)]
    [InlineData((int)FloatRoundingMode.Up, true)]
    [InlineData((int)FloatRoundingMode.TowardZero, false)]
    public void Add_MaskedOverflow_FollowsTheRounding(int mode, bool infinite)
    {
        ushort control = (ushort)(Floats.Default | (mode << X87Control.RoundingShift));
        Floats.Apply<FloatAdd>(Floats.Largest, Floats.Largest, control).Result.Should().Be(infinite ? Floats.Infinity : Floats.Largest);
    }

    [Fact]
    public void Multiply_UnmaskedOverflowAndUnderflow_AdjustTheExponent()
    {
        ushort control = Floats.Default & ~(X87Status.Overflow | X87Status.Underflow);
        var large = new Float80(0x7000, Float80.IntegerBit);
        Floats.Apply<FloatMultiply>(large, large, control).Should().Be((new Float80(0xA001 - 24576, Float80.IntegerBit), X87Status.Overflow));
        var small = new Float80(0x1000, Float80.IntegerBit);
        int exponent = 0x1000 + 0x1000 - Float80.Bias + 24576;
        Floats.Apply<FloatMultiply>(small, small, control).Should().Be((new Float80((ushort)exponent, Float80.IntegerBit), X87Status.Underflow));
    }

    [Fact]
    public void Multiply_ExactDenormalResult_RaisesUnderflowOnlyUnmasked()
    {
        Float80 half = new(Float80.Bias - 1, Float80.IntegerBit);
        Floats.Apply<FloatMultiply>(Floats.LeastNormal, half).Should().Be((new Float80(0, Float80.IntegerBit >> 1), 0));
        ushort unmasked = Floats.Default & ~X87Status.Underflow;
        Floats.Apply<FloatMultiply>(Floats.LeastNormal, half, unmasked).Status.Should().Be(X87Status.Underflow);
    }

    [Theory]
    [InlineData(X87Status.Invalid, true)]
    [InlineData(X87Status.ZeroDivide, true)]
    [InlineData(X87Status.Denormal, true)]
    [InlineData(X87Status.Overflow, false)]
    [InlineData(X87Status.Underflow, false)]
    [InlineData(X87Status.Precision, false)]
    public void StopsResult_UnmaskedException_OnlyThoseBeforeTheOperation(ushort exception, bool stops)
    {
        var env = new FloatEnvironment((ushort)(Floats.Default & ~exception));
        env.Raise(exception);
        env.StopsResult.Should().Be(stops);
        env.StopsStore.Should().Be(exception != X87Status.Precision);
        var masked = new FloatEnvironment(Floats.Default);
        masked.Raise(exception);
        masked.StopsResult.Should().BeFalse();
        masked.StopsStore.Should().BeFalse();
    }

    [Fact]
    public void Root_Negative_IsInvalidButKeepsMinusZero()
    {
        var env = new FloatEnvironment(Floats.Default);
        FloatSquareRoot.Root(Float80.Zero(true), ref env).Should().Be(Float80.Zero(true));
        env.Status.Should().Be(0);
        FloatSquareRoot.Root(Float80.One.Negated(), ref env).Should().Be(Float80.Indefinite);
        env.Status.Should().Be(X87Status.Invalid);
    }

    private static Float80 Named(string name) => name switch
    {
        "+inf" => Floats.Infinity,
        "-inf" => Float80.Infinity(negative: true),
        "zero" => default,
        "one" => Float80.One,
        "snan" => Floats.SignalingNaN,
        "qnan" => Floats.QuietNaN,
        "unnormal" => Floats.Unnormal,
        "denormal" => Floats.Denormal,
        "least" => Floats.LeastNormal,
        _ => Floats.Largest,
    };
}
