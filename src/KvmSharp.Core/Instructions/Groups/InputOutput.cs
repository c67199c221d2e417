using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Instructions.Strings;

namespace KvmSharp.Instructions.Groups;

/// <summary>IN, OUT, INS and OUTS.</summary>
internal static unsafe class InputOutput
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.In, &PortShape.LowerIn);
        table.Add(Mnemonic.Out, &PortShape.LowerOut);
        table.Add(Mnemonic.Insb, &StringShape.Lower<Ins>);
        table.Add(Mnemonic.Insw, &StringShape.Lower<Ins>);
        table.Add(Mnemonic.Insd, &StringShape.Lower<Ins>);
        table.Add(Mnemonic.Outsb, &StringShape.Lower<Outs>);
        table.Add(Mnemonic.Outsw, &StringShape.Lower<Outs>);
        table.Add(Mnemonic.Outsd, &StringShape.Lower<Outs>);
    }
}
