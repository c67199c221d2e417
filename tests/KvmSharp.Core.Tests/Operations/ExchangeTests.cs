using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class ExchangeTests
{
    [Fact]
    public void XaddAndCmpxchg_AllWidths_AreAddAndCmp() => Values.ForAll((a, b, before) =>
    {
        CheckAll<byte>(a, b, before);
        CheckAll<ushort>(a, b, before);
        CheckAll<uint>(a, b, before);
        CheckAll<ulong>(a, b, before);
        CheckAll<ulong>(a, a, before);
    });

    [Fact]
    public void Cmpxchg8b_EveryFlagState_ChangesZeroFlagAlone()
    {
        foreach (uint before in Values.AllFlagStates)
        {
            var flags = ArithmeticFlags.FromRflags(before);
            Cmpxchg8b.Matches(0x1_0000_0000, 0x1_0000_0000, ref flags).Should().BeTrue();
            flags.ToRflags().Should().Be(before | Expected.Zero);
            Cmpxchg8b.Matches(0x1_0000_0000, 0, ref flags).Should().BeFalse();
            flags.ToRflags().Should().Be(before & ~Expected.Zero);
        }
    }

    private static void CheckAll<T>(ulong wideA, ulong wideB, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T a = T.CreateTruncating(wideA), b = T.CreateTruncating(wideB);
        int width = Operand.Bits<T>();
        ulong x = ulong.CreateTruncating(a), y = ulong.CreateTruncating(b);

        var flags = ArithmeticFlags.FromRflags(before);
        T source = b;
        T sum = Xadd.Apply(a, ref source, ref flags);
        (ulong expected, uint expectedFlags) = Expected.Sum(x, y, 0, width);
        Expected.Same(sum, flags, expected, expectedFlags, nameof(Xadd), x, y, before);
        Expected.Same(source, flags, x, expectedFlags, "Xadd source", x, y, before);

        flags = ArithmeticFlags.FromRflags(before);
        bool matches = Cmpxchg.Matches(a, b, ref flags);
        Expected.Same<byte>(matches ? (byte)1 : (byte)0, flags, x == y ? 1UL : 0, Expected.Difference(x, y, 0, width).Flags, nameof(Cmpxchg), x, y, before);
    }
}
