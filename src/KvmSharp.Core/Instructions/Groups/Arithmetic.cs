using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Groups;

/// <summary>Binary arithmetic: addition, subtraction, comparison, multiplication, division.</summary>
internal static unsafe class Arithmetic
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Add, &BinaryShape.Lower<Add>);
        table.Add(Mnemonic.Adc, &BinaryShape.Lower<Adc>);
        table.Add(Mnemonic.Sub, &BinaryShape.Lower<Sub>);
        table.Add(Mnemonic.Sbb, &BinaryShape.Lower<Sbb>);
        table.Add(Mnemonic.Cmp, &BinaryShape.Lower<Cmp>);
        table.Add(Mnemonic.Inc, &UnaryShape.Lower<Inc>);
        table.Add(Mnemonic.Dec, &UnaryShape.Lower<Dec>);
        table.Add(Mnemonic.Neg, &UnaryShape.Lower<Neg>);
        table.Add(Mnemonic.Mul, &MultiplyShape.Lower<Mul>);
        table.Add(Mnemonic.Imul, &MultiplyShape.LowerImul);
        table.Add(Mnemonic.Div, &DivideShape.Lower<Div>);
        table.Add(Mnemonic.Idiv, &DivideShape.Lower<Idiv>);
    }
}
