using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

/// <summary>Holds what each operation declares in <see cref="IFlagEffects"/> against what it does, byte by byte.</summary>
public class FlagEffectsTests
{
    /// <summary>An operation on two bytes: the result as a number.</summary>
    private delegate ulong Operation(byte a, byte b, ref ArithmeticFlags flags);

    [Fact]
    public void Declared_BinaryOps_IsWhatTheyDo()
    {
        Binary<Add>();
        Binary<Adc>();
        Binary<Sub>();
        Binary<Sbb>();
        Binary<Cmp>();
        Binary<And>();
        Binary<Or>();
        Binary<Xor>();
        Binary<Test>();
        Binary<ImulLow>();
    }

    [Fact]
    public void Declared_UnaryOps_IsWhatTheyDo()
    {
        Unary<Inc>();
        Unary<Dec>();
        Unary<Neg>();
        Unary<Not>();
        Unary<Bswap>();
    }

    [Fact]
    public void Declared_ShiftsByAtLeastOne_IsWhatTheyDo()
    {
        Shift<Shl>();
        Shift<Shr>();
        Shift<Sar>();
        Shift<Rol>();
        Shift<Ror>();
        Shift<Rcl>();
        Shift<Rcr>();
        Check<Shld>((a, b, ref f) => Shld.Apply((ushort)(a << 7), (ushort)(b * 0x0101), 1 + (b % 31), ref f));
        Check<Shrd>((a, b, ref f) => Shrd.Apply((ushort)(a << 7), (ushort)(b * 0x0101), 1 + (b % 31), ref f));
    }

    [Fact]
    public void Declared_MultiplyAndDecimalOps_IsWhatTheyDo()
    {
        Check<Mul>((a, b, ref f) => Mul.Apply(a, b, out byte high, ref f) | ((ulong)high << 8));
        Check<Imul>((a, b, ref f) => Imul.Apply(a, b, out byte high, ref f) | ((ulong)high << 8));
        Check<Daa>((a, b, ref f) => Daa.Apply((ushort)((b << 8) | a), ref f));
        Check<Das>((a, b, ref f) => Das.Apply((ushort)((b << 8) | a), ref f));
        Check<Aaa>((a, b, ref f) => Aaa.Apply((ushort)((b << 8) | a), ref f));
        Check<Aas>((a, b, ref f) => Aas.Apply((ushort)((b << 8) | a), ref f));
        Check<Aam>((a, b, ref f) => Aam.TryApply(a, (byte)(b | 1), out ushort ax, ref f) ? ax : 0UL);
        Check<Aad>((a, b, ref f) => Aad.Apply((ushort)((b << 8) | a), 10, ref f));
    }

    [Fact]
    public void Declared_BitExchangeAndFlagOps_IsWhatTheyDo()
    {
        Check<Bt>((a, b, ref f) => Bt.Apply((ushort)a, b, ref f));
        Check<Bts>((a, b, ref f) => Bts.Apply((ushort)a, b, ref f));
        Check<Btr>((a, b, ref f) => Btr.Apply((ushort)a, b, ref f));
        Check<Btc>((a, b, ref f) => Btc.Apply((ushort)a, b, ref f));
        Check<Bsf>((a, b, ref f) => Bsf.TryScan((ushort)(a & b), out ushort index, ref f) ? index : 99UL);
        Check<Bsr>((a, b, ref f) => Bsr.TryScan((ushort)(a & b), out ushort index, ref f) ? index : 99UL);
        Check<Xadd>((a, b, ref f) => Xadd.Apply(a, ref b, ref f));
        Check<Cmpxchg>((a, b, ref f) => Cmpxchg.Matches(a, b, ref f) ? 1UL : 0);
        Check<Cmpxchg8b>((a, b, ref f) => Cmpxchg8b.Matches(a, b, ref f) ? 1UL : 0);
        Check<Clc>((_, _, ref f) => Flag<Clc>(ref f));
        Check<Stc>((_, _, ref f) => Flag<Stc>(ref f));
        Check<Cmc>((_, _, ref f) => Flag<Cmc>(ref f));
        Check<Lahf>((_, _, ref f) => Lahf.Apply(f));
        Check<Salc>((_, _, ref f) => Salc.Apply(f));
        Check<Sahf>((a, _, ref f) => Sahf0(a, ref f));
    }

    private static void Binary<TOp>()
        where TOp : IBinaryOp => Check<TOp>((a, b, ref f) => TOp.Apply(a, b, ref f));

    private static void Unary<TOp>()
        where TOp : IUnaryOp => Check<TOp>((a, _, ref f) => TOp.Apply(a, ref f));

    private static void Shift<TOp>()
        where TOp : IShiftOp => Check<TOp>((a, b, ref f) => TOp.Apply(a, 1 + (b % 8), ref f));

    private static ulong Flag<TOp>(ref ArithmeticFlags flags)
        where TOp : IFlagOp
    {
        TOp.Apply(ref flags);
        return 0;
    }

    private static ulong Sahf0(byte ah, ref ArithmeticFlags flags)
    {
        Sahf.Apply(ah, ref flags);
        return 0;
    }

    /// <summary>Flips each flag before the operation, and sees what follows from it.</summary>
    private static void Check<TOp>(Operation operation)
        where TOp : IFlagEffects
    {
        uint kept = ArithmeticFlags.Mask, read = 0;
        for (int a = 0; a < 256; a += 5)
        {
            for (int b = 0; b < 256; b += 7)
            {
                foreach (uint state in new uint[] { 0, 0x845, ArithmeticFlags.Mask })
                {
                    (ulong result, uint after) = Run(operation, (byte)a, (byte)b, state);
                    kept &= ~(state ^ after);
                    for (uint flag = 1; flag <= Expected.Overflow; flag <<= 1)
                    {
                        if ((flag & ArithmeticFlags.Mask) != 0)
                        {
                            (ulong otherResult, uint otherAfter) = Run(operation, (byte)a, (byte)b, state ^ flag);
                            bool seen = otherResult != result || ((otherAfter ^ after) & ~flag) != 0;
                            bool derived = (TOp.FlagsWritten & flag) != 0 && ((otherAfter ^ after) & flag) != 0;
                            read |= Expected.If(seen || derived, flag);
                        }
                    }
                }
            }
        }

        TOp.FlagsWritten.Should().Be(ArithmeticFlags.Mask & ~kept, "{0} changes these flags", typeof(TOp).Name);
        TOp.FlagsRead.Should().Be(read, "{0} depends on these flags", typeof(TOp).Name);
    }

    private static (ulong Result, uint Flags) Run(Operation operation, byte a, byte b, uint state)
    {
        var flags = ArithmeticFlags.FromRflags(state);
        ulong result = operation(a, b, ref flags);
        return (result, flags.ToRflags());
    }
}
