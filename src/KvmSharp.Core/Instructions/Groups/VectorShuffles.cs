using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Instructions.Groups;

/// <summary>Packing, unpacking, shuffling, blending and widening. Intel SDM Vol. 1, "SSE Shuffle and Unpack Instructions" and what followed them.</summary>
internal static unsafe class VectorShuffles
{
    public static void Register(LoweringTable table)
    {
        RegisterInterleaving(table);
        RegisterShuffles(table);
        RegisterWidening(table);
    }

    private static void RegisterInterleaving(LoweringTable table)
    {
        table.Add(Mnemonic.Punpcklbw, &VectorShape.Lower<InterleaveLow<byte>>);
        table.Add(Mnemonic.Punpcklwd, &VectorShape.Lower<InterleaveLow<ushort>>);
        table.Add(Mnemonic.Punpckldq, &VectorShape.Lower<InterleaveLow<uint>>);
        table.Add(Mnemonic.Punpcklqdq, &VectorShape.Lower<InterleaveLow<ulong>>);
        table.Add(Mnemonic.Unpcklps, &VectorShape.Lower<InterleaveLow<uint>>);
        table.Add(Mnemonic.Unpcklpd, &VectorShape.Lower<InterleaveLow<ulong>>);
        table.Add(Mnemonic.Punpckhbw, &VectorShape.LowerEither<InterleaveHigh<byte>, InterleaveHighMmx<byte>>);
        table.Add(Mnemonic.Punpckhwd, &VectorShape.LowerEither<InterleaveHigh<ushort>, InterleaveHighMmx<ushort>>);
        table.Add(Mnemonic.Punpckhdq, &VectorShape.LowerEither<InterleaveHigh<uint>, InterleaveHighMmx<uint>>);
        table.Add(Mnemonic.Punpckhqdq, &VectorShape.Lower<InterleaveHigh<ulong>>);
        table.Add(Mnemonic.Unpckhps, &VectorShape.Lower<InterleaveHigh<uint>>);
        table.Add(Mnemonic.Unpckhpd, &VectorShape.Lower<InterleaveHigh<ulong>>);
        table.Add(Mnemonic.Packsswb, &VectorShape.LowerEither<PackSignedWords, SideBySide<PackSignedWords>>);
        table.Add(Mnemonic.Packssdw, &VectorShape.LowerEither<PackSignedDoublewords, SideBySide<PackSignedDoublewords>>);
        table.Add(Mnemonic.Packuswb, &VectorShape.LowerEither<PackUnsignedWords, SideBySide<PackUnsignedWords>>);
        table.Add(Mnemonic.Packusdw, &VectorShape.Lower<PackUnsignedDoublewords>);
    }

    private static void RegisterShuffles(LoweringTable table)
    {
        table.Add(Mnemonic.Pshufb, &VectorShape.LowerEither<ShuffleBytes, ShuffleBytesMmx>);
        table.Add(Mnemonic.Pshufd, &VectorShape.LowerControlled<ShuffleDoublewords>);
        table.Add(Mnemonic.Pshufw, &VectorShape.LowerControlled<ShuffleLowWords>);
        table.Add(Mnemonic.Pshuflw, &VectorShape.LowerControlled<ShuffleLowWords>);
        table.Add(Mnemonic.Pshufhw, &VectorShape.LowerControlled<ShuffleHighWords>);
        table.Add(Mnemonic.Shufps, &VectorShape.LowerControlled<ShuffleSingles>);
        table.Add(Mnemonic.Shufpd, &VectorShape.LowerControlled<ShuffleDoubles>);
        table.Add(Mnemonic.Movsldup, &VectorShape.Lower<DuplicateEven>);
        table.Add(Mnemonic.Movshdup, &VectorShape.Lower<DuplicateOdd>);
        table.Add(Mnemonic.Movddup, &VectorShape.Lower<DuplicateDouble>);
        table.Add(Mnemonic.Pblendw, &VectorShape.LowerControlled<Blend<ushort>>);
        table.Add(Mnemonic.Blendps, &VectorShape.LowerControlled<Blend<uint>>);
        table.Add(Mnemonic.Blendpd, &VectorShape.LowerControlled<Blend<ulong>>);
        table.Add(Mnemonic.Pblendvb, &VectorShape.LowerMasked<VariableBlend<sbyte>>);
        table.Add(Mnemonic.Blendvps, &VectorShape.LowerMasked<VariableBlend<int>>);
        table.Add(Mnemonic.Blendvpd, &VectorShape.LowerMasked<VariableBlend<long>>);
    }

    private static void RegisterWidening(LoweringTable table)
    {
        table.Add(Mnemonic.Pmovsxbw, &VectorShape.Lower<Widen<sbyte, short>>);
        table.Add(Mnemonic.Pmovsxbd, &VectorShape.Lower<Widen<sbyte, int>>);
        table.Add(Mnemonic.Pmovsxbq, &VectorShape.Lower<Widen<sbyte, long>>);
        table.Add(Mnemonic.Pmovsxwd, &VectorShape.Lower<Widen<short, int>>);
        table.Add(Mnemonic.Pmovsxwq, &VectorShape.Lower<Widen<short, long>>);
        table.Add(Mnemonic.Pmovsxdq, &VectorShape.Lower<Widen<int, long>>);
        table.Add(Mnemonic.Pmovzxbw, &VectorShape.Lower<Widen<byte, ushort>>);
        table.Add(Mnemonic.Pmovzxbd, &VectorShape.Lower<Widen<byte, uint>>);
        table.Add(Mnemonic.Pmovzxbq, &VectorShape.Lower<Widen<byte, ulong>>);
        table.Add(Mnemonic.Pmovzxwd, &VectorShape.Lower<Widen<ushort, uint>>);
        table.Add(Mnemonic.Pmovzxwq, &VectorShape.Lower<Widen<ushort, ulong>>);
        table.Add(Mnemonic.Pmovzxdq, &VectorShape.Lower<Widen<uint, ulong>>);
    }
}
