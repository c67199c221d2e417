using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Groups;

/// <summary>Shifts and rotates of one operand, and the double shifts.</summary>
internal static unsafe class ShiftAndRotate
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Shl, &ShiftShape.Lower<Shl>);
        table.Add(Mnemonic.Sal, &ShiftShape.Lower<Shl>); // encoding /6, an alias that the manual does not list
        table.Add(Mnemonic.Shr, &ShiftShape.Lower<Shr>);
        table.Add(Mnemonic.Sar, &ShiftShape.Lower<Sar>);
        table.Add(Mnemonic.Rol, &ShiftShape.Lower<Rol>);
        table.Add(Mnemonic.Ror, &ShiftShape.Lower<Ror>);
        table.Add(Mnemonic.Rcl, &ShiftShape.Lower<Rcl>);
        table.Add(Mnemonic.Rcr, &ShiftShape.Lower<Rcr>);
        table.Add(Mnemonic.Shld, &DoubleShiftShape.Lower<Shld>);
        table.Add(Mnemonic.Shrd, &DoubleShiftShape.Lower<Shrd>);
    }
}
