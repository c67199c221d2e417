using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Groups;

/// <summary>SSE arithmetic and comparison. Intel SDM Vol. 1, "SSE Packed Arithmetic Instructions" and what followed them. CMPSD is with the strings.</summary>
internal static unsafe class VectorFloatingPoint
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Addps, &Packed<FloatAdd, Binary32>);
        table.Add(Mnemonic.Addpd, &Packed<FloatAdd, Binary64>);
        table.Add(Mnemonic.Addss, &Scalar<FloatAdd, Binary32>);
        table.Add(Mnemonic.Addsd, &Scalar<FloatAdd, Binary64>);
        table.Add(Mnemonic.Subps, &Packed<FloatSubtract, Binary32>);
        table.Add(Mnemonic.Subpd, &Packed<FloatSubtract, Binary64>);
        table.Add(Mnemonic.Subss, &Scalar<FloatSubtract, Binary32>);
        table.Add(Mnemonic.Subsd, &Scalar<FloatSubtract, Binary64>);
        table.Add(Mnemonic.Mulps, &Packed<FloatMultiply, Binary32>);
        table.Add(Mnemonic.Mulpd, &Packed<FloatMultiply, Binary64>);
        table.Add(Mnemonic.Mulss, &Scalar<FloatMultiply, Binary32>);
        table.Add(Mnemonic.Mulsd, &Scalar<FloatMultiply, Binary64>);
        table.Add(Mnemonic.Divps, &Packed<FloatDivide, Binary32>);
        table.Add(Mnemonic.Divpd, &Packed<FloatDivide, Binary64>);
        table.Add(Mnemonic.Divss, &Scalar<FloatDivide, Binary32>);
        table.Add(Mnemonic.Divsd, &Scalar<FloatDivide, Binary64>);
        table.Add(Mnemonic.Sqrtps, &Packed<FloatSquareRoot, Binary32>);
        table.Add(Mnemonic.Sqrtpd, &Packed<FloatSquareRoot, Binary64>);
        table.Add(Mnemonic.Sqrtss, &Scalar<FloatSquareRoot, Binary32>);
        table.Add(Mnemonic.Sqrtsd, &Scalar<FloatSquareRoot, Binary64>);
        table.Add(Mnemonic.Rcpps, &Packed<Reciprocal, Binary32>);
        table.Add(Mnemonic.Rcpss, &Scalar<Reciprocal, Binary32>);
        table.Add(Mnemonic.Rsqrtps, &Packed<ReciprocalSquareRoot, Binary32>);
        table.Add(Mnemonic.Rsqrtss, &Scalar<ReciprocalSquareRoot, Binary32>);
        RegisterComparisons(table);
        RegisterLater(table);
    }

    private static void RegisterComparisons(LoweringTable table)
    {
        table.Add(Mnemonic.Minps, &Packed<FloatMinimum, Binary32>);
        table.Add(Mnemonic.Minpd, &Packed<FloatMinimum, Binary64>);
        table.Add(Mnemonic.Minss, &Scalar<FloatMinimum, Binary32>);
        table.Add(Mnemonic.Minsd, &Scalar<FloatMinimum, Binary64>);
        table.Add(Mnemonic.Maxps, &Packed<FloatMaximum, Binary32>);
        table.Add(Mnemonic.Maxpd, &Packed<FloatMaximum, Binary64>);
        table.Add(Mnemonic.Maxss, &Scalar<FloatMaximum, Binary32>);
        table.Add(Mnemonic.Maxsd, &Scalar<FloatMaximum, Binary64>);
        table.Add(Mnemonic.Cmpps, &VectorShape.LowerFloat<PackedCompare<Binary32>>);
        table.Add(Mnemonic.Cmppd, &VectorShape.LowerFloat<PackedCompare<Binary64>>);
        table.Add(Mnemonic.Cmpss, &VectorShape.LowerFloat<ScalarCompare<Binary32>>);
        table.Add(Mnemonic.Comiss, &VectorShape.LowerTest<Rounded<OrderedCompare<Binary32, QuietIsInvalid>>>);
        table.Add(Mnemonic.Comisd, &VectorShape.LowerTest<Rounded<OrderedCompare<Binary64, QuietIsInvalid>>>);
        table.Add(Mnemonic.Ucomiss, &VectorShape.LowerTest<Rounded<OrderedCompare<Binary32, QuietIsValid>>>);
        table.Add(Mnemonic.Ucomisd, &VectorShape.LowerTest<Rounded<OrderedCompare<Binary64, QuietIsValid>>>);
    }

    // SSE3 and SSE4.1.
    private static void RegisterLater(LoweringTable table)
    {
        table.Add(Mnemonic.Addsubps, &VectorShape.LowerFloat<AddSubtract<Binary32>>);
        table.Add(Mnemonic.Addsubpd, &VectorShape.LowerFloat<AddSubtract<Binary64>>);
        table.Add(Mnemonic.Haddps, &VectorShape.LowerFloat<HorizontalFloat<FloatAdd, Binary32>>);
        table.Add(Mnemonic.Haddpd, &VectorShape.LowerFloat<HorizontalFloat<FloatAdd, Binary64>>);
        table.Add(Mnemonic.Hsubps, &VectorShape.LowerFloat<HorizontalFloat<FloatSubtract, Binary32>>);
        table.Add(Mnemonic.Hsubpd, &VectorShape.LowerFloat<HorizontalFloat<FloatSubtract, Binary64>>);
        table.Add(Mnemonic.Dpps, &VectorShape.LowerFloat<DotProduct<Binary32>>);
        table.Add(Mnemonic.Dppd, &VectorShape.LowerFloat<DotProduct<Binary64>>);
        table.Add(Mnemonic.Roundps, &VectorShape.LowerFloat<PackedRound<Binary32>>);
        table.Add(Mnemonic.Roundpd, &VectorShape.LowerFloat<PackedRound<Binary64>>);
        table.Add(Mnemonic.Roundss, &VectorShape.LowerFloat<ScalarRound<Binary32>>);
        table.Add(Mnemonic.Roundsd, &VectorShape.LowerFloat<ScalarRound<Binary64>>);
    }

    private static void Packed<TOp, TFormat>(ref Lowering l)
        where TOp : struct, IFloatOp
        where TFormat : struct, IFloatFormat => VectorShape.LowerFloat<PackedFloat<TOp, TFormat>>(ref l);

    private static void Scalar<TOp, TFormat>(ref Lowering l)
        where TOp : struct, IFloatOp
        where TFormat : struct, IFloatFormat => VectorShape.LowerFloat<ScalarFloat<TOp, TFormat>>(ref l);
}
