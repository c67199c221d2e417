using System.Runtime.Intrinsics;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Tests.Operations.Simd;

public class FloatExceptionTests
{
    private const uint Masked = 0x1F80;
    private const ulong One = 0x3F80_0000;
    private const ulong Infinity = 0x7F80_0000;
    private const ulong Quiet = 0x7FC0_1234;
    private const ulong Signalling = 0xFF80_5678;
    private const ulong Denormal = 0x0000_0001;
    private const ulong Largest = 0x7F7F_FFFF;
    private const ulong Smallest = 0x0080_0000;
    private const ulong Indefinite = 0xFFC0_0000;

    [Fact]
    public void Add_OppositeInfinities_IsInvalid() => Check<FloatAdd>(Infinity, Infinity | 0x8000_0000, Indefinite, Mxcsr.Invalid);

    [Fact]
    public void Multiply_ZeroByInfinity_IsInvalid() => Check<FloatMultiply>(0, Infinity, Indefinite, Mxcsr.Invalid);

    [Fact]
    public void Divide_ByZero_IsASignedInfinity() => Check<FloatDivide>(One | 0x8000_0000, 0, Infinity | 0x8000_0000, Mxcsr.DivideByZero);

    [Fact]
    public void Divide_DenormalByZero_IsDivisionByZeroAlone() => Check<FloatDivide>(Denormal, 0, Infinity, Mxcsr.DivideByZero);

    [Fact]
    public void SquareRoot_NegativeDenormal_IsInvalidAlone() => Check<FloatSquareRoot>(0, Denormal | 0x8000_0000, Indefinite, Mxcsr.Invalid);

    [Fact]
    public void Add_TwoNaNs_FirstWinsMadeQuiet()
    {
        Check<FloatAdd>(Signalling, Quiet, Signalling | 0x0040_0000, Mxcsr.Invalid);
        Check<FloatAdd>(Quiet, Signalling, Quiet, Mxcsr.Invalid);
        Check<FloatAdd>(One, Quiet, Quiet, 0);
    }

    [Fact]
    public void Add_NaNAndDenormal_ReportsNoDenormal() => Check<FloatAdd>(Quiet, Denormal, Quiet, 0);

    [Fact]
    public void Minimum_ZerosOrNaN_GivesTheSecondOperand()
    {
        Check<FloatMinimum>(0, 0x8000_0000, 0x8000_0000, 0);
        Check<FloatMinimum>(One, Quiet, Quiet, Mxcsr.Invalid);
        Check<FloatMaximum>(Signalling, One, One, Mxcsr.Invalid);
        Check<FloatMaximum>(One, Signalling, Signalling, Mxcsr.Invalid);
    }

    [Fact]
    public void Multiply_LargestTwice_OverflowsInexactly() => Check<FloatMultiply>(Largest, Largest, Infinity, Mxcsr.Overflow | Mxcsr.Precision);

    [Fact]
    public void Multiply_TinyExactResult_UnderflowsOnlyWhenUnmasked()
    {
        const ulong Half = 0x3F00_0000;
        Check<FloatMultiply>(Smallest, Half, 0x0040_0000, 0);
        Check<FloatMultiply>(Smallest, Half, 0x0040_0000, Mxcsr.Underflow, Masked & ~Mxcsr.UnderflowMask);
    }

    [Fact]
    public void Multiply_FlushToZero_ClearsEvenAnExactTinyResult()
    {
        const ulong MinusHalf = 0xBF00_0000;
        Check<FloatMultiply>(Smallest, MinusHalf, 0x8000_0000, Mxcsr.Underflow | Mxcsr.Precision, Masked | Mxcsr.FlushToZero);
    }

    [Fact]
    public void Add_DenormalsAreZero_ReportsNothing() => Check<FloatAdd>(Denormal | 0x8000_0000, One, One, 0, Masked | Mxcsr.DenormalsAreZero);

    [Fact]
    public void Reported_UnmaskedInvalidInOneElement_HidesThePrecisionOfAnother()
    {
        Vector128<byte> a = Vector128.Create((uint)Signalling, (uint)One, 0, 0).AsByte();
        Vector128<byte> b = Vector128.Create((uint)One, 0x4040_0000, (uint)One, (uint)One).AsByte();
        var status = new FloatStatus(Masked & ~(Mxcsr.Invalid << Mxcsr.MaskShift));
        PackedFloat<FloatDivide, Binary32>.Apply(a, b, 0, ref status);
        (status.Unmasked, status.Reported).Should().Be((Mxcsr.Invalid, Mxcsr.Invalid));
        status.Raised.Should().Be(Mxcsr.Invalid | Mxcsr.Precision);
    }

    [Theory]
    [InlineData(0x4F00_0000u, 0x8000_0000u, Mxcsr.Invalid)] // 2^31
    [InlineData(0xCF00_0000u, 0x8000_0000u, 0u)] // -2^31
    [InlineData(0x7FC0_0000u, 0x8000_0000u, Mxcsr.Invalid)]
    [InlineData(0x3FC0_0000u, 2u, Mxcsr.Precision)] // 1.5
    [InlineData(0x4020_0000u, 2u, Mxcsr.Precision)] // 2.5, to even
    [InlineData(0x0000_0001u, 0u, Mxcsr.Precision)]
    public void ToInteger_Edges_RoundToEvenOrAreIndefinite(uint value, uint expected, uint raised)
    {
        var status = new FloatStatus(Masked);
        FloatConversions.ToInteger<Binary32>(value, 32, ref status).Should().Be(expected);
        status.Raised.Should().Be(raised);
    }

    [Fact]
    public void Convert_SignallingSingle_IsAQuietDoubleWithItsPayload()
    {
        var status = new FloatStatus(Masked);
        FloatConversions.Convert<Binary32, Binary64>(Signalling, ref status).Should().Be(0xFFF8_0ACF_0000_0000);
        status.Raised.Should().Be(Mxcsr.Invalid);
    }

    [Fact]
    public void Round_WithPrecisionSuppressed_RaisesNothing()
    {
        var status = new FloatStatus(Masked);
        RoundControl.Apply<Binary32>(0x3FC0_0000, 0x0A, ref status).Should().Be(0x4000_0000); // 1.5 up
        status.Raised.Should().Be(0);
        RoundControl.Apply<Binary32>(0x3FC0_0000, 0x01, ref status).Should().Be(One); // 1.5 down
        status.Raised.Should().Be(Mxcsr.Precision);
    }

    [Fact]
    public void Approximations_EveryInterval_AreCloseEnough()
    {
        for (uint bits = 0x3F00_0000; bits < 0x4080_0000; bits += 0x3A7)
        {
            var status = new FloatStatus(Masked);
            double value = BitConverter.UInt32BitsToSingle(bits);
            double reciprocal = BitConverter.UInt32BitsToSingle((uint)Reciprocal.Apply<Binary32>(0, bits, ref status));
            double root = BitConverter.UInt32BitsToSingle((uint)ReciprocalSquareRoot.Apply<Binary32>(0, bits, ref status));
            Math.Abs((reciprocal * value) - 1).Should().BeLessThan(1.5 / 4096);
            Math.Abs((root * Math.Sqrt(value)) - 1).Should().BeLessThan(1.5 / 4096);
            status.Raised.Should().Be(0);
        }
    }

    private static void Check<TOp>(ulong a, ulong b, ulong expected, uint raised, uint mxcsr = Masked)
        where TOp : struct, IFloatOp
    {
        var status = new FloatStatus(mxcsr);
        ulong result = TOp.Apply<Binary32>(a, b, ref status);
        (result, status.Raised).Should().Be((expected, raised));
    }
}
