using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Groups;

/// <summary>CVT. Intel SDM Vol. 1, "SSE Conversion Instructions", "SSE2 Conversion Instructions".</summary>
internal static unsafe class VectorConversions
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Cvtps2dq, &VectorShape.LowerFloat<ToIntegers<Binary32, Rounds, FourElements>>);
        table.Add(Mnemonic.Cvttps2dq, &VectorShape.LowerFloat<ToIntegers<Binary32, Truncates, FourElements>>);
        table.Add(Mnemonic.Cvtps2pi, &VectorShape.LowerFloat<ToIntegers<Binary32, Rounds, TwoElements>>);
        table.Add(Mnemonic.Cvttps2pi, &VectorShape.LowerFloat<ToIntegers<Binary32, Truncates, TwoElements>>);
        table.Add(Mnemonic.Cvtpd2dq, &VectorShape.LowerFloat<ToIntegers<Binary64, Rounds, TwoElements>>);
        table.Add(Mnemonic.Cvttpd2dq, &VectorShape.LowerFloat<ToIntegers<Binary64, Truncates, TwoElements>>);
        table.Add(Mnemonic.Cvtpd2pi, &VectorShape.LowerFloat<ToIntegers<Binary64, Rounds, TwoElements>>);
        table.Add(Mnemonic.Cvttpd2pi, &VectorShape.LowerFloat<ToIntegers<Binary64, Truncates, TwoElements>>);
        table.Add(Mnemonic.Cvtdq2ps, &VectorShape.LowerFloat<FromIntegers<Binary32, FourElements>>);
        table.Add(Mnemonic.Cvtdq2pd, &VectorShape.LowerFloat<FromIntegers<Binary64, TwoElements>>);
        table.Add(Mnemonic.Cvtpi2ps, &VectorShape.LowerFloat<FromIntegers<Binary32, TwoElements>>);
        table.Add(Mnemonic.Cvtpi2pd, &VectorShape.LowerFloat<FromIntegers<Binary64, TwoElements>>);
        table.Add(Mnemonic.Cvtps2pd, &VectorShape.LowerFloat<ConvertPacked<Binary32, Binary64>>);
        table.Add(Mnemonic.Cvtpd2ps, &VectorShape.LowerFloat<ConvertPacked<Binary64, Binary32>>);
        table.Add(Mnemonic.Cvtss2sd, &VectorShape.LowerFloat<ConvertScalar<Binary32, Binary64>>);
        table.Add(Mnemonic.Cvtsd2ss, &VectorShape.LowerFloat<ConvertScalar<Binary64, Binary32>>);
        table.Add(Mnemonic.Cvtss2si, &LowerToInteger<Binary32, Rounds>);
        table.Add(Mnemonic.Cvttss2si, &LowerToInteger<Binary32, Truncates>);
        table.Add(Mnemonic.Cvtsd2si, &LowerToInteger<Binary64, Rounds>);
        table.Add(Mnemonic.Cvttsd2si, &LowerToInteger<Binary64, Truncates>);
        table.Add(Mnemonic.Cvtsi2ss, &LowerFromInteger<Binary32>);
        table.Add(Mnemonic.Cvtsi2sd, &LowerFromInteger<Binary64>);
    }

    private static void LowerToInteger<TFormat, TRounding>(ref Lowering l)
        where TFormat : struct, IFloatFormat
        where TRounding : struct, IConversionRounding
    {
        if (l.OperandWidth(0) == sizeof(ulong))
        {
            VectorShape.LowerFloat<ToInteger<TFormat, TRounding, ulong>>(ref l);
        }
        else
        {
            VectorShape.LowerFloat<ToInteger<TFormat, TRounding, uint>>(ref l);
        }
    }

    private static void LowerFromInteger<TFormat>(ref Lowering l)
        where TFormat : struct, IFloatFormat
    {
        if (l.OperandWidth(1) == sizeof(ulong))
        {
            VectorShape.LowerFloat<FromInteger<TFormat, ulong>>(ref l);
        }
        else
        {
            VectorShape.LowerFloat<FromInteger<TFormat, uint>>(ref l);
        }
    }
}
