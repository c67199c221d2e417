using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Instructions.Groups;

/// <summary>Integer arithmetic, comparison, logic and shifts on MMX and XMM registers, and AES. Intel SDM Vol. 1, "Instruction Set Summary".</summary>
internal static unsafe class VectorArithmetic
{
    public static void Register(LoweringTable table)
    {
        RegisterSums(table);
        RegisterProducts(table);
        RegisterComparisons(table);
        RegisterShifts(table);
        RegisterLogic(table);
        RegisterSsse3(table);
        table.Add(Mnemonic.Aesenc, &VectorShape.Lower<AesEncrypt>);
        table.Add(Mnemonic.Aesenclast, &VectorShape.Lower<AesEncryptLast>);
        table.Add(Mnemonic.Aesdec, &VectorShape.Lower<AesDecrypt>);
        table.Add(Mnemonic.Aesdeclast, &VectorShape.Lower<AesDecryptLast>);
        table.Add(Mnemonic.Aesimc, &VectorShape.Lower<AesInverseMixColumns>);
        table.Add(Mnemonic.Aeskeygenassist, &VectorShape.LowerControlled<AesKeyAssist>);
        table.Add(Mnemonic.Pclmulqdq, &VectorShape.LowerControlled<CarrylessMultiply>);
    }

    private static void RegisterSums(LoweringTable table)
    {
        table.Add(Mnemonic.Paddb, &VectorShape.Lower<PackedAdd<byte>>);
        table.Add(Mnemonic.Paddw, &VectorShape.Lower<PackedAdd<ushort>>);
        table.Add(Mnemonic.Paddd, &VectorShape.Lower<PackedAdd<uint>>);
        table.Add(Mnemonic.Paddq, &VectorShape.Lower<PackedAdd<ulong>>);
        table.Add(Mnemonic.Psubb, &VectorShape.Lower<PackedSubtract<byte>>);
        table.Add(Mnemonic.Psubw, &VectorShape.Lower<PackedSubtract<ushort>>);
        table.Add(Mnemonic.Psubd, &VectorShape.Lower<PackedSubtract<uint>>);
        table.Add(Mnemonic.Psubq, &VectorShape.Lower<PackedSubtract<ulong>>);
        table.Add(Mnemonic.Paddsb, &VectorShape.Lower<PackedAddSaturated<sbyte>>);
        table.Add(Mnemonic.Paddsw, &VectorShape.Lower<PackedAddSaturated<short>>);
        table.Add(Mnemonic.Paddusb, &VectorShape.Lower<PackedAddSaturated<byte>>);
        table.Add(Mnemonic.Paddusw, &VectorShape.Lower<PackedAddSaturated<ushort>>);
        table.Add(Mnemonic.Psubsb, &VectorShape.Lower<PackedSubtractSaturated<sbyte>>);
        table.Add(Mnemonic.Psubsw, &VectorShape.Lower<PackedSubtractSaturated<short>>);
        table.Add(Mnemonic.Psubusb, &VectorShape.Lower<PackedSubtractSaturated<byte>>);
        table.Add(Mnemonic.Psubusw, &VectorShape.Lower<PackedSubtractSaturated<ushort>>);
        table.Add(Mnemonic.Pavgb, &VectorShape.Lower<PackedAverage<byte>>);
        table.Add(Mnemonic.Pavgw, &VectorShape.Lower<PackedAverage<ushort>>);
        table.Add(Mnemonic.Psadbw, &VectorShape.Lower<SumAbsoluteDifferences>);
        table.Add(Mnemonic.Mpsadbw, &VectorShape.LowerControlled<MultipleSums>);
    }

    private static void RegisterProducts(LoweringTable table)
    {
        table.Add(Mnemonic.Pmullw, &VectorShape.Lower<PackedMultiplyLow<ushort>>);
        table.Add(Mnemonic.Pmulld, &VectorShape.Lower<PackedMultiplyLow<uint>>);
        table.Add(Mnemonic.Pmulhw, &VectorShape.Lower<MultiplyHighSigned>);
        table.Add(Mnemonic.Pmulhuw, &VectorShape.Lower<MultiplyHighUnsigned>);
        table.Add(Mnemonic.Pmulhrsw, &VectorShape.Lower<MultiplyHighRounded>);
        table.Add(Mnemonic.Pmuludq, &VectorShape.Lower<MultiplyUnsignedWide>);
        table.Add(Mnemonic.Pmuldq, &VectorShape.Lower<MultiplySignedWide>);
        table.Add(Mnemonic.Pmaddwd, &VectorShape.Lower<MultiplyAddWords>);
        table.Add(Mnemonic.Pmaddubsw, &VectorShape.Lower<MultiplyAddBytes>);
    }

    private static void RegisterComparisons(LoweringTable table)
    {
        table.Add(Mnemonic.Pcmpeqb, &VectorShape.Lower<PackedEqual<byte>>);
        table.Add(Mnemonic.Pcmpeqw, &VectorShape.Lower<PackedEqual<ushort>>);
        table.Add(Mnemonic.Pcmpeqd, &VectorShape.Lower<PackedEqual<uint>>);
        table.Add(Mnemonic.Pcmpeqq, &VectorShape.Lower<PackedEqual<ulong>>);
        table.Add(Mnemonic.Pcmpgtb, &VectorShape.Lower<PackedGreater<sbyte>>);
        table.Add(Mnemonic.Pcmpgtw, &VectorShape.Lower<PackedGreater<short>>);
        table.Add(Mnemonic.Pcmpgtd, &VectorShape.Lower<PackedGreater<int>>);
        table.Add(Mnemonic.Pcmpgtq, &VectorShape.Lower<PackedGreater<long>>);
        table.Add(Mnemonic.Pminub, &VectorShape.Lower<PackedMinimum<byte>>);
        table.Add(Mnemonic.Pminuw, &VectorShape.Lower<PackedMinimum<ushort>>);
        table.Add(Mnemonic.Pminud, &VectorShape.Lower<PackedMinimum<uint>>);
        table.Add(Mnemonic.Pminsb, &VectorShape.Lower<PackedMinimum<sbyte>>);
        table.Add(Mnemonic.Pminsw, &VectorShape.Lower<PackedMinimum<short>>);
        table.Add(Mnemonic.Pminsd, &VectorShape.Lower<PackedMinimum<int>>);
        table.Add(Mnemonic.Pmaxub, &VectorShape.Lower<PackedMaximum<byte>>);
        table.Add(Mnemonic.Pmaxuw, &VectorShape.Lower<PackedMaximum<ushort>>);
        table.Add(Mnemonic.Pmaxud, &VectorShape.Lower<PackedMaximum<uint>>);
        table.Add(Mnemonic.Pmaxsb, &VectorShape.Lower<PackedMaximum<sbyte>>);
        table.Add(Mnemonic.Pmaxsw, &VectorShape.Lower<PackedMaximum<short>>);
        table.Add(Mnemonic.Pmaxsd, &VectorShape.Lower<PackedMaximum<int>>);
        table.Add(Mnemonic.Phminposuw, &VectorShape.Lower<HorizontalMinimum>);
        table.Add(Mnemonic.Ptest, &VectorShape.LowerTest<Plain<TestBits>>);
        table.Add(Mnemonic.Pcmpistri, &LowerStrings<ImplicitLength, ToIndex>);
        table.Add(Mnemonic.Pcmpistrm, &LowerStrings<ImplicitLength, ToMask>);
        table.Add(Mnemonic.Pcmpestri, &LowerStrings<ExplicitLength<int>, ToIndex>);
        table.Add(Mnemonic.Pcmpestrm, &LowerStrings<ExplicitLength<int>, ToMask>);
        table.Add(Mnemonic.Pcmpestri64, &LowerStrings<ExplicitLength<long>, ToIndex>);
        table.Add(Mnemonic.Pcmpestrm64, &LowerStrings<ExplicitLength<long>, ToMask>);
    }

    private static void RegisterShifts(LoweringTable table)
    {
        table.Add(Mnemonic.Psllw, &VectorShape.Lower<PackedShiftLeft<ushort>>);
        table.Add(Mnemonic.Pslld, &VectorShape.Lower<PackedShiftLeft<uint>>);
        table.Add(Mnemonic.Psllq, &VectorShape.Lower<PackedShiftLeft<ulong>>);
        table.Add(Mnemonic.Psrlw, &VectorShape.Lower<PackedShiftRight<ushort>>);
        table.Add(Mnemonic.Psrld, &VectorShape.Lower<PackedShiftRight<uint>>);
        table.Add(Mnemonic.Psrlq, &VectorShape.Lower<PackedShiftRight<ulong>>);
        table.Add(Mnemonic.Psraw, &VectorShape.Lower<PackedShiftArithmetic<short>>);
        table.Add(Mnemonic.Psrad, &VectorShape.Lower<PackedShiftArithmetic<int>>);
        table.Add(Mnemonic.Pslldq, &VectorShape.Lower<ShiftBytesLeft>);
        table.Add(Mnemonic.Psrldq, &VectorShape.Lower<ShiftBytesRight>);
        table.Add(Mnemonic.Palignr, &VectorShape.LowerControlledEither<AlignRight, AlignRightMmx>);
    }

    private static void RegisterLogic(LoweringTable table)
    {
        table.Add(Mnemonic.Pand, &VectorShape.Lower<PackedAnd>);
        table.Add(Mnemonic.Andps, &VectorShape.Lower<PackedAnd>);
        table.Add(Mnemonic.Andpd, &VectorShape.Lower<PackedAnd>);
        table.Add(Mnemonic.Pandn, &VectorShape.Lower<PackedAndNot>);
        table.Add(Mnemonic.Andnps, &VectorShape.Lower<PackedAndNot>);
        table.Add(Mnemonic.Andnpd, &VectorShape.Lower<PackedAndNot>);
        table.Add(Mnemonic.Por, &VectorShape.Lower<PackedOr>);
        table.Add(Mnemonic.Orps, &VectorShape.Lower<PackedOr>);
        table.Add(Mnemonic.Orpd, &VectorShape.Lower<PackedOr>);
        table.Add(Mnemonic.Pxor, &VectorShape.Lower<PackedXor>);
        table.Add(Mnemonic.Xorps, &VectorShape.Lower<PackedXor>);
        table.Add(Mnemonic.Xorpd, &VectorShape.Lower<PackedXor>);
    }

    private static void RegisterSsse3(LoweringTable table)
    {
        table.Add(Mnemonic.Phaddw, &LowerHorizontal<PackedAdd<ushort>, ushort>);
        table.Add(Mnemonic.Phaddd, &LowerHorizontal<PackedAdd<uint>, uint>);
        table.Add(Mnemonic.Phaddsw, &LowerHorizontal<PackedAddSaturated<short>, short>);
        table.Add(Mnemonic.Phsubw, &LowerHorizontal<PackedSubtract<ushort>, ushort>);
        table.Add(Mnemonic.Phsubd, &LowerHorizontal<PackedSubtract<uint>, uint>);
        table.Add(Mnemonic.Phsubsw, &LowerHorizontal<PackedSubtractSaturated<short>, short>);
        table.Add(Mnemonic.Psignb, &VectorShape.Lower<PackedSign<sbyte>>);
        table.Add(Mnemonic.Psignw, &VectorShape.Lower<PackedSign<short>>);
        table.Add(Mnemonic.Psignd, &VectorShape.Lower<PackedSign<int>>);
        table.Add(Mnemonic.Pabsb, &VectorShape.Lower<PackedAbsolute<sbyte>>);
        table.Add(Mnemonic.Pabsw, &VectorShape.Lower<PackedAbsolute<short>>);
        table.Add(Mnemonic.Pabsd, &VectorShape.Lower<PackedAbsolute<int>>);
    }

    private static void LowerHorizontal<TOp, T>(ref Lowering l)
        where TOp : struct, IVectorOp
        where T : unmanaged, System.Numerics.INumber<T> => VectorShape.LowerEither<Horizontal<TOp, T>, SideBySide<Horizontal<TOp, T>>>(ref l);

    private static void LowerStrings<TLength, TResult>(ref Lowering l)
        where TLength : struct, IStringLength
        where TResult : struct, IStringResult => VectorShape.LowerTest<CompareStrings<TLength, TResult>>(ref l, aligned: false);
}
