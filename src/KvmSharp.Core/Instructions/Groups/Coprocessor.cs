using KvmSharp.Engine;
using KvmSharp.Instructions.FloatingPoint;

namespace KvmSharp.Instructions.Groups;

/// <summary>The x87 opcodes D8 to DF, and WAIT.</summary>
internal static class Coprocessor
{
    public static void Register(LoweringTable table)
    {
        FpuDataTransfer.Register(table);
        FpuArithmetic.Register(table);
        FpuComparison.Register(table);
        FpuTranscendental.Register(table);
        FpuConstants.Register(table);
        FpuControl.Register(table);
        FpuImages.Register(table);
    }
}
