using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Strings;

namespace KvmSharp.Instructions.Groups;

/// <summary>MOVS, CMPS, SCAS, LODS and STOS, alone and repeated.</summary>
internal static unsafe class StringInstructions
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Movsb, &StringShape.Lower<Movs>);
        table.Add(Mnemonic.Movsw, &StringShape.Lower<Movs>);
        table.Add(Mnemonic.Movsd, &StringShape.Lower<Movs>);
        table.Add(Mnemonic.Cmpsb, &StringShape.Lower<Cmps>);
        table.Add(Mnemonic.Cmpsw, &StringShape.Lower<Cmps>);
        table.Add(Mnemonic.Cmpsd, &StringShape.Lower<Cmps>);
        table.Add(Mnemonic.Scasb, &StringShape.Lower<Scas>);
        table.Add(Mnemonic.Scasw, &StringShape.Lower<Scas>);
        table.Add(Mnemonic.Scasd, &StringShape.Lower<Scas>);
        table.Add(Mnemonic.Lodsb, &StringShape.Lower<Lods>);
        table.Add(Mnemonic.Lodsw, &StringShape.Lower<Lods>);
        table.Add(Mnemonic.Lodsd, &StringShape.Lower<Lods>);
        table.Add(Mnemonic.Stosb, &StringShape.Lower<Stos>);
        table.Add(Mnemonic.Stosw, &StringShape.Lower<Stos>);
        table.Add(Mnemonic.Stosd, &StringShape.Lower<Stos>);
    }
}
