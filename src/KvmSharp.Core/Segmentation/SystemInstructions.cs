using KvmSharp.Cpuid;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.SystemRegisters;
using KvmSharp.Transfers;

namespace KvmSharp.Segmentation;

/// <summary>All instructions of the protected-mode machinery, group by group. The forms of shared mnemonics are in <see cref="SystemForms"/>.</summary>
internal static class SystemInstructions
{
    public static void Register(LoweringTable table)
    {
        SegmentInstructions.Register(table);
        SegmentQueries.Register(table);
        TableInstructions.Register(table);
        ControlRegisterMoves.Register(table);
        ModelSpecificInstructions.Register(table);
        SegmentBases.Register(table);
        CpuidInstruction.Register(table);
        FarReturn.Register(table);
        InterruptReturn.Register(table);
        FastSystemCall.Register(table);
        SystemCall.Register(table);
        InterruptInstructions.Register(table);
        InterruptFlagInstructions.Register(table);
    }
}
