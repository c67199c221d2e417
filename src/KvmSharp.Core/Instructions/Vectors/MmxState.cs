using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions.FloatingPoint;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>What MMX instructions do to the x87 FPU, whose registers they use. Intel SDM Vol. 1, "Programming with Intel MMX Technology".</summary>
internal static unsafe class MmxState
{
    /// <summary>The exponent field of a register that an MMX instruction has written: all ones, so that it is a NaN.</summary>
    public const ushort WrittenExponent = 0xFFFF;

    /// <summary>Waits for x87 exceptions, as ESC instructions do.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns><see langword="false"/> when #MF was raised or the processor freezes.</returns>
    public static bool TryUse(CpuContext* cpu, MicroOp* op) => FpuErrors.TryBegin(cpu, op);

    /// <summary>Enters MMX: TOP is 0 and no register is empty.</summary>
    /// <param name="cpu">The processor.</param>
    public static void Enter(CpuContext* cpu)
    {
        cpu->State.X87.StatusWord &= unchecked((ushort)~X87Status.TopMask);
        cpu->State.X87.NotEmpty = byte.MaxValue;
    }

    /// <summary>EMMS: all registers are empty.</summary>
    /// <param name="cpu">The processor.</param>
    public static void Leave(CpuContext* cpu)
    {
        cpu->State.X87.StatusWord &= unchecked((ushort)~X87Status.TopMask);
        cpu->State.X87.NotEmpty = 0;
    }
}
