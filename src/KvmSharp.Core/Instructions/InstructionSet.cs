using KvmSharp.Engine;
using KvmSharp.Instructions.Groups;

namespace KvmSharp.Instructions;

/// <summary>The instructions of this processor. What no group registers raises #UD, and so does what the CPU model does not offer.</summary>
/// <remarks>The groups are those of Intel SDM Vol. 1, "Instruction Set Summary".</remarks>
internal static class InstructionSet
{
    /// <summary>Gets the table, built once for all machines.</summary>
    public static LoweringTable Table { get; } = Build();

    private static LoweringTable Build()
    {
        var table = new LoweringTable();
        DataTransfer.Register(table);
        Stack.Register(table);
        Arithmetic.Register(table);
        Groups.Decimal.Register(table);
        Logical.Register(table);
        ShiftAndRotate.Register(table);
        BitAndByte.Register(table);
        ControlTransfer.Register(table);
        StringInstructions.Register(table);
        InputOutput.Register(table);
        FlagControl.Register(table);
        Miscellaneous.Register(table);
        Hypercalls.Register(table);
        Coprocessor.Register(table);
        Segmentation.SystemInstructions.Register(table);
        Extensions.Register(table);
        ProcessorStateSaving.Register(table);
        VectorMoves.Register(table);
        VectorArithmetic.Register(table);
        VectorShuffles.Register(table);
        VectorFloatingPoint.Register(table);
        VectorConversions.Register(table);
        return table;
    }
}
