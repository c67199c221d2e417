using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Instructions.Groups;

/// <summary>Moves of MMX and XMM registers. Intel SDM Vol. 1, "MMX Data Transfer Instructions", "SSE Data Transfer Instructions".</summary>
internal static unsafe class VectorMoves
{
    public static void Register(LoweringTable table)
    {
        Mnemonic[] aligned =
        [
            Mnemonic.Movaps, Mnemonic.Movapd, Mnemonic.Movdqa, Mnemonic.Movntps, Mnemonic.Movntpd, Mnemonic.Movntdq, Mnemonic.Movntdqa,
            Mnemonic.Movd, Mnemonic.Movntq,
        ];
        foreach (Mnemonic mnemonic in aligned)
        {
            table.Add(mnemonic, &VectorShape.Lower<CopyVector>);
        }

        table.Add(Mnemonic.Movlps, &LowerLowHalf);
        table.Add(Mnemonic.Movlpd, &LowerLowHalf);
        table.Add(Mnemonic.Movhps, &LowerHighHalf);
        table.Add(Mnemonic.Movhpd, &LowerHighHalf);
        table.Add(Mnemonic.Movlhps, &VectorShape.Lower<LowToHigh>);
        table.Add(Mnemonic.Movhlps, &VectorShape.Lower<HighToLow>);
        table.Add(Mnemonic.Movups, &VectorShape.LowerUnaligned<CopyVector>);
        table.Add(Mnemonic.Movupd, &VectorShape.LowerUnaligned<CopyVector>);
        table.Add(Mnemonic.Movdqu, &VectorShape.LowerUnaligned<CopyVector>);
        table.Add(Mnemonic.Lddqu, &VectorShape.LowerUnaligned<CopyVector>);
        table.Add(Mnemonic.Movq, &VectorShape.Lower<CopyQuadword>);
        table.Add(Mnemonic.Movdq2q, &VectorShape.Lower<CopyQuadword>);
        table.Add(Mnemonic.Movq2dq, &VectorShape.Lower<CopyQuadword>);
        table.Add(Mnemonic.Movss, &LowerScalar<uint>);
        table.Add(Mnemonic.Movmskps, &VectorShape.Lower<SignMask<uint>>);
        table.Add(Mnemonic.Movmskpd, &VectorShape.Lower<SignMask<ulong>>);
        table.Add(Mnemonic.Pmovmskb, &VectorShape.Lower<SignMask<byte>>);
        table.Add(Mnemonic.Maskmovq, &MaskedMove.Lower);
        table.Add(Mnemonic.Maskmovdqu, &MaskedMove.Lower);
        RegisterElements(table);
    }

    /// <summary>Lowers MOVSS, or MOVSD of SSE2: from memory the rest of the register becomes 0, from a register it stays.</summary>
    /// <typeparam name="T">uint or ulong.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerScalar<T>(ref Lowering l)
        where T : unmanaged
    {
        if (l.HasMemory)
        {
            VectorShape.Lower<CopyVector>(ref l);
        }
        else
        {
            VectorShape.Lower<ReplaceLowest<T>>(ref l);
        }
    }

    private static void LowerLowHalf(ref Lowering l)
    {
        if (l.IsMemory(0))
        {
            VectorShape.Lower<CopyVector>(ref l);
        }
        else
        {
            VectorShape.Lower<ReplaceLowest<ulong>>(ref l);
        }
    }

    private static void LowerHighHalf(ref Lowering l)
    {
        if (l.IsMemory(0))
        {
            VectorShape.Lower<CopyHigh>(ref l);
        }
        else
        {
            VectorShape.Lower<LowToHigh>(ref l);
        }
    }

    private static void RegisterElements(LoweringTable table)
    {
        table.Add(Mnemonic.Pinsrb, &VectorShape.LowerControlled<InsertElement<byte>>);
        table.Add(Mnemonic.Pinsrw, &VectorShape.LowerControlledEither<InsertElement<ushort>, InsertWordMmx>);
        table.Add(Mnemonic.Pinsrd, &VectorShape.LowerControlled<InsertElement<uint>>);
        table.Add(Mnemonic.Pinsrq, &VectorShape.LowerControlled<InsertElement<ulong>>);
        table.Add(Mnemonic.Pextrb, &VectorShape.LowerControlled<ExtractElement<byte>>);
        table.Add(Mnemonic.Pextrw, &VectorShape.LowerControlledEither<ExtractElement<ushort>, ExtractWordMmx>);
        table.Add(Mnemonic.Pextrd, &VectorShape.LowerControlled<ExtractElement<uint>>);
        table.Add(Mnemonic.Pextrq, &VectorShape.LowerControlled<ExtractElement<ulong>>);
        table.Add(Mnemonic.Extractps, &VectorShape.LowerControlled<ExtractElement<uint>>);
        table.Add(Mnemonic.Insertps, &LowerInsertSingle);
    }

    private static void LowerInsertSingle(ref Lowering l)
    {
        if (l.HasMemory)
        {
            VectorShape.LowerControlled<InsertSingleFromMemory>(ref l);
        }
        else
        {
            VectorShape.LowerControlled<InsertSingle>(ref l);
        }
    }
}
