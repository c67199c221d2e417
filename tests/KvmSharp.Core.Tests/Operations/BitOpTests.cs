using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class BitOpTests
{
    [Fact]
    public void BitTests_EveryIndex_SetCarryOnlyAndChangeOneBit() => Values.ForAll((value, seed, before) =>
    {
        for (int index = -3; index < 70; index++)
        {
            CheckBit<ushort>(value, index, before);
            CheckBit<uint>(value, index, before);
            CheckBit<ulong>(value, index ^ (int)(seed & 0x40), before);
        }
    });

    [Fact]
    public void BitScans_EveryWord_FindTheBitOrReportZero()
    {
        for (uint source = 0; source <= ushort.MaxValue; source++)
        {
            CheckScans<ushort>(source, ArithmeticFlags.Mask);
        }
    }

    [Fact]
    public void BitScans_DoublewordsAndQuadwords_FindTheBitOrReportZero() => Values.ForAll((source, other, before) =>
    {
        CheckScans<uint>(source, before);
        CheckScans<ulong>(source, before);
        CheckScans<ulong>(source & other & (source >> 7), before);
    });

    [Fact]
    public void Stores_BitTest_IsTheOnlyOneThatDoesNot() =>
        (Bt.Stores, Bts.Stores, Btr.Stores, Btc.Stores).Should().Be((false, true, true, true));

    private static void CheckBit<T>(ulong wide, int index, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        ulong value = wide & Expected.Ones(width);
        var text = new bool[width]; // the operand, bit by bit
        for (int bit = 0; bit < width; bit++)
        {
            text[bit] = ((value >> bit) & 1) != 0;
        }

        int place = ((index % width) + width) % width;
        uint expectedFlags = (before & ~1u) | (text[place] ? 1u : 0);
        ulong weight = (ulong)BigInteger.Pow(2, place);
        Check<Bt, T>(value, index, before, value, expectedFlags);
        Check<Bts, T>(value, index, before, text[place] ? value : value + weight, expectedFlags);
        Check<Btr, T>(value, index, before, text[place] ? value - weight : value, expectedFlags);
        Check<Btc, T>(value, index, before, text[place] ? value - weight : value + weight, expectedFlags);
    }

    private static void Check<TOp, T>(ulong value, int index, uint before, ulong expected, uint expectedFlags)
        where TOp : IBitOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var flags = ArithmeticFlags.FromRflags(before);
        T result = TOp.Apply(T.CreateTruncating(value), index, ref flags);
        Expected.Same(result, flags, expected, expectedFlags, typeof(TOp).Name, value, (ulong)index, before);
    }

    private static void CheckScans<T>(ulong wide, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        ulong source = wide & Expected.Ones(width);
        int lowest = Enumerable.Range(0, width).FirstOrDefault(bit => ((source >> bit) & 1) != 0, -1);
        int highest = Enumerable.Range(0, width).Reverse().FirstOrDefault(bit => ((source >> bit) & 1) != 0, -1);
        CheckScan<Bsf, T>(source, before, lowest);
        CheckScan<Bsr, T>(source, before, highest);
    }

    private static void CheckScan<TOp, T>(ulong source, uint before, int expected)
        where TOp : IBitScanOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var flags = ArithmeticFlags.FromRflags(before);
        bool found = TOp.TryScan(T.CreateTruncating(source), out T index, ref flags);
        if (found != (expected >= 0))
        {
            Assert.Fail($"{typeof(TOp).Name}<{typeof(T).Name}>(0x{source:X}) returned {found}");
        }

        ulong place = found ? (ulong)expected : 0;
        uint parity = Expected.ZeroSignParity(place, 64) & Expected.Parity;
        Expected.Same(index, flags, place, parity | Expected.If(!found, Expected.Zero), typeof(TOp).Name, source, before);
    }
}
