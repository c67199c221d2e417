using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Groups;

/// <summary>AND, OR, XOR, NOT.</summary>
internal static unsafe class Logical
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.And, &BinaryShape.Lower<And>);
        table.Add(Mnemonic.Or, &BinaryShape.Lower<Or>);
        table.Add(Mnemonic.Xor, &BinaryShape.Lower<Xor>);
        table.Add(Mnemonic.Not, &UnaryShape.Lower<Not>);
    }
}
