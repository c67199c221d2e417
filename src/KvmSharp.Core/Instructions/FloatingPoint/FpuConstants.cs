using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>Loads of constants, rounded as RC says. Intel SDM Vol. 1, "x87 FPU Load Constant Instructions".</summary>
internal static unsafe class FpuConstants
{
    public static void Register(LoweringTable table)
    {
        FpuShape.AddWaiting(table, Mnemonic.Fldz, &Zero);
        FpuShape.AddWaiting(table, Mnemonic.Fld1, &One);
        FpuShape.AddWaiting(table, Mnemonic.Fldpi, &Pi);
        FpuShape.AddWaiting(table, Mnemonic.Fldl2t, &Log2Of10);
        FpuShape.AddWaiting(table, Mnemonic.Fldl2e, &Log2OfE);
        FpuShape.AddWaiting(table, Mnemonic.Fldlg2, &Log10Of2);
        FpuShape.AddWaiting(table, Mnemonic.Fldln2, &LnOf2);
    }

    private static bool Zero(CpuContext* cpu, MicroOp* op) => Push(cpu, op, default);

    private static bool One(CpuContext* cpu, MicroOp* op) => Push(cpu, op, Float80.One);

    private static bool Pi(CpuContext* cpu, MicroOp* op) => Push(cpu, op, FloatConstants.Pi);

    private static bool Log2Of10(CpuContext* cpu, MicroOp* op) => Push(cpu, op, FloatConstants.Log2Of10);

    private static bool Log2OfE(CpuContext* cpu, MicroOp* op) => Push(cpu, op, FloatConstants.Log2OfE);

    private static bool Log10Of2(CpuContext* cpu, MicroOp* op) => Push(cpu, op, FloatConstants.Log10Of2);

    private static bool LnOf2(CpuContext* cpu, MicroOp* op) => Push(cpu, op, FloatConstants.LnOf2);

    private static bool Push(CpuContext* cpu, MicroOp* op, in WideFloat constant) =>
        Push(cpu, op, FloatConstants.Load(constant, cpu->State.X87.ControlWord));

    private static bool Push(CpuContext* cpu, MicroOp* op, Float80 value)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        value = x87.IsEmpty(-1) ? value : env.StackOverflow();
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Push(value);
        }

        return true;
    }
}
