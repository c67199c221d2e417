using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Strings;
using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Groups;

/// <summary>MOVS, CMPS, SCAS, LODS and STOS, alone and repeated.</summary>
internal static unsafe class StringInstructions
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Movsb, &StringShape.Lower<Movs>);
        table.Add(Mnemonic.Movsw, &StringShape.Lower<Movs>);
        table.Add(Mnemonic.Movsd, &LowerMovsd);
        table.Add(Mnemonic.Movsq, &StringShape.Lower<Movs>);
        table.Add(Mnemonic.Cmpsb, &StringShape.Lower<Cmps>);
        table.Add(Mnemonic.Cmpsw, &StringShape.Lower<Cmps>);
        table.Add(Mnemonic.Cmpsd, &LowerCmpsd);
        table.Add(Mnemonic.Cmpsq, &StringShape.Lower<Cmps>);
        table.Add(Mnemonic.Scasb, &StringShape.Lower<Scas>);
        table.Add(Mnemonic.Scasw, &StringShape.Lower<Scas>);
        table.Add(Mnemonic.Scasd, &StringShape.Lower<Scas>);
        table.Add(Mnemonic.Scasq, &StringShape.Lower<Scas>);
        table.Add(Mnemonic.Lodsb, &StringShape.Lower<Lods>);
        table.Add(Mnemonic.Lodsw, &StringShape.Lower<Lods>);
        table.Add(Mnemonic.Lodsd, &StringShape.Lower<Lods>);
        table.Add(Mnemonic.Lodsq, &StringShape.Lower<Lods>);
        table.Add(Mnemonic.Stosb, &StringShape.Lower<Stos>);
        table.Add(Mnemonic.Stosw, &StringShape.Lower<Stos>);
        table.Add(Mnemonic.Stosd, &StringShape.Lower<Stos>);
        table.Add(Mnemonic.Stosq, &StringShape.Lower<Stos>);
    }

    // MOVSD and CMPSD are also instructions of SSE2.
    private static void LowerMovsd(ref Lowering l)
    {
        if (l.Instruction.IsStringInstruction)
        {
            StringShape.Lower<Movs>(ref l);
        }
        else
        {
            VectorMoves.LowerScalar<ulong>(ref l);
        }
    }

    private static void LowerCmpsd(ref Lowering l)
    {
        if (l.Instruction.IsStringInstruction)
        {
            StringShape.Lower<Cmps>(ref l);
        }
        else
        {
            VectorShape.LowerFloat<ScalarCompare<Binary64>>(ref l);
        }
    }
}
