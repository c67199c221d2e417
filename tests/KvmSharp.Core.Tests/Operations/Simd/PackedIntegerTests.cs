using System.Numerics;
using System.Runtime.Intrinsics;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Tests.Operations.Simd;

public class PackedIntegerTests
{
    [Fact]
    public void Arithmetic_EveryElement_IsScalarArithmetic() => Vectors.ForAll((a, b, control) =>
    {
        Wrapping<byte>(a, b);
        Wrapping<ushort>(a, b);
        Wrapping<uint>(a, b);
        Wrapping<ulong>(a, b);
        Saturating<sbyte>(a, b);
        Saturating<short>(a, b);
        Saturating<byte>(a, b);
        Saturating<ushort>(a, b);
        Average<byte>(a, b);
        Average<ushort>(a, b);
    });

    [Fact]
    public void Signs_EveryElement_NegateOrClear() => Vectors.ForAll((a, b, control) =>
    {
        Signs<sbyte>(a, b);
        Signs<short>(a, b);
        Signs<int>(a, b);
    });

    [Fact]
    public void Products_EveryElement_AreWideProducts() => Vectors.ForAll((a, b, control) =>
    {
        short[] x = Vectors.Elements<short>(a), y = Vectors.Elements<short>(b);
        ushort[] ux = Vectors.Elements<ushort>(a), uy = Vectors.Elements<ushort>(b);
        uint[] dx = Vectors.Elements<uint>(a), dy = Vectors.Elements<uint>(b);
        sbyte[] sy = Vectors.Elements<sbyte>(b);
        Vectors.Same("PMULLW", PackedMultiplyLow<ushort>.Apply(a, b), i => (ushort)(ux[i] * uy[i]));
        Vectors.Same("PMULLD", PackedMultiplyLow<uint>.Apply(a, b), i => dx[i] * dy[i]);
        Vectors.Same("PMULHW", MultiplyHighSigned.Apply(a, b), i => (short)((x[i] * y[i]) >> 16));
        Vectors.Same("PMULHUW", MultiplyHighUnsigned.Apply(a, b), i => (ushort)(((uint)ux[i] * uy[i]) >> 16));
        Vectors.Same("PMULHRSW", MultiplyHighRounded.Apply(a, b), i => (short)(((x[i] * y[i]) + 0x4000) >> 15));
        Vectors.Same("PMULUDQ", MultiplyUnsignedWide.Apply(a, b), i => (ulong)dx[2 * i] * dy[2 * i]);
        Vectors.Same("PMULDQ", MultiplySignedWide.Apply(a, b), i => (long)(int)dx[2 * i] * (int)dy[2 * i]);
        Vectors.Same("PMADDWD", MultiplyAddWords.Apply(a, b), i => (x[2 * i] * y[2 * i]) + (x[(2 * i) + 1] * y[(2 * i) + 1]));
        Vectors.Same("PMADDUBSW", MultiplyAddBytes.Apply(a, b), i =>
            (short)Math.Clamp((a[2 * i] * sy[2 * i]) + (a[(2 * i) + 1] * sy[(2 * i) + 1]), short.MinValue, short.MaxValue));
    });

    [Fact]
    public void Sums_Bytes_AreSumsOfAbsoluteDifferences() => Vectors.ForAll((a, b, control) =>
    {
        Vectors.Same("PSADBW", SumAbsoluteDifferences.Apply(a, b), half =>
            (ulong)Enumerable.Range(8 * half, 8).Sum(i => Math.Abs(a[i] - b[i])));
        Vectors.Same("MPSADBW", MultipleSums.Apply(a, b, control), i =>
            (ushort)Enumerable.Range(0, 4).Sum(j => Math.Abs(a[((control >> 2 & 1) * 4) + i + j] - b[((control & 3) * 4) + j])));
        ushort[] words = Vectors.Elements<ushort>(b);
        Vectors.Same("PHMINPOSUW", HorizontalMinimum.Apply(a, b), i => i switch
        {
            0 => words.Min(),
            1 => (ushort)Array.IndexOf(words, words.Min()),
            _ => (ushort)0,
        });
    });

    [Fact]
    public void Shifts_EveryCount_AreScalarShifts() => Vectors.ForAll((a, b, control) =>
    {
        foreach (ulong count in (ulong[])[control, (ulong)control & 63, b.AsUInt64().ToScalar()])
        {
            Vector128<byte> source = Vector128.Create(count, b.AsUInt64().GetElement(1)).AsByte();
            Shifts<ushort, short>(a, source, count);
            Shifts<uint, int>(a, source, count);
            Shifts<ulong, long>(a, source, count, hasArithmetic: false);
        }

        Vector128<byte> bytes = Vector128.CreateScalar((ulong)control).AsByte();
        Vectors.Same("PSLLDQ", ShiftBytesLeft.Apply(a, bytes), i => i >= control ? a[i - control] : (byte)0);
        Vectors.Same("PSRLDQ", ShiftBytesRight.Apply(a, bytes), i => i + control < 16 ? a[i + control] : (byte)0);
    });

    private static void Wrapping<T>(Vector128<byte> a, Vector128<byte> b)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        T[] x = Vectors.Elements<T>(a), y = Vectors.Elements<T>(b);
        T ones = T.CreateTruncating(ulong.MaxValue);
        Vectors.Same("PADD", PackedAdd<T>.Apply(a, b), i => unchecked(x[i] + y[i]));
        Vectors.Same("PSUB", PackedSubtract<T>.Apply(a, b), i => unchecked(x[i] - y[i]));
        Vectors.Same("PCMPEQ", PackedEqual<T>.Apply(a, b), i => x[i] == y[i] ? ones : T.Zero);
        Vectors.Same("PCMPGT", PackedGreater<T>.Apply(a, b), i => x[i] > y[i] ? ones : T.Zero);
        Vectors.Same("PMIN", PackedMinimum<T>.Apply(a, b), i => T.Min(x[i], y[i]));
        Vectors.Same("PMAX", PackedMaximum<T>.Apply(a, b), i => T.Max(x[i], y[i]));
    }

    private static void Saturating<T>(Vector128<byte> a, Vector128<byte> b)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        T[] x = Vectors.Elements<T>(a), y = Vectors.Elements<T>(b);
        Vectors.Same("PADDS", PackedAddSaturated<T>.Apply(a, b), i => T.CreateSaturating(int.CreateChecked(x[i]) + int.CreateChecked(y[i])));
        Vectors.Same("PSUBS", PackedSubtractSaturated<T>.Apply(a, b), i => T.CreateSaturating(int.CreateChecked(x[i]) - int.CreateChecked(y[i])));
    }

    private static void Average<T>(Vector128<byte> a, Vector128<byte> b)
        where T : unmanaged, IBinaryInteger<T>
    {
        T[] x = Vectors.Elements<T>(a), y = Vectors.Elements<T>(b);
        Vectors.Same("PAVG", PackedAverage<T>.Apply(a, b), i => T.CreateChecked((int.CreateChecked(x[i]) + int.CreateChecked(y[i]) + 1) >> 1));
    }

    private static void Signs<T>(Vector128<byte> a, Vector128<byte> b)
        where T : unmanaged, IBinaryInteger<T>
    {
        T[] x = Vectors.Elements<T>(a), y = Vectors.Elements<T>(b);
        Vectors.Same("PABS", PackedAbsolute<T>.Apply(a, b), i => T.IsNegative(y[i]) ? unchecked(T.Zero - y[i]) : y[i]);
        Vectors.Same("PSIGN", PackedSign<T>.Apply(a, b), i => T.IsNegative(y[i]) ? unchecked(T.Zero - x[i]) : T.IsZero(y[i]) ? T.Zero : x[i]);
    }

    private static void Shifts<T, TSigned>(Vector128<byte> a, Vector128<byte> count, ulong by, bool hasArithmetic = true)
        where T : unmanaged, IBinaryInteger<T>
        where TSigned : unmanaged, IBinaryInteger<TSigned>
    {
        T[] x = Vectors.Elements<T>(a);
        TSigned[] s = Vectors.Elements<TSigned>(a);
        int bits = Vector128<byte>.Count / Vector128<T>.Count * 8;
        bool inRange = by < (ulong)bits;
        Vectors.Same("PSLL", PackedShiftLeft<T>.Apply(a, count), i => inRange ? x[i] << (int)by : T.Zero);
        Vectors.Same("PSRL", PackedShiftRight<T>.Apply(a, count), i => inRange ? x[i] >>> (int)by : T.Zero);
        if (hasArithmetic)
        {
            Vectors.Same("PSRA", PackedShiftArithmetic<TSigned>.Apply(a, count), i => s[i] >> (inRange ? (int)by : bits - 1));
        }
    }
}
