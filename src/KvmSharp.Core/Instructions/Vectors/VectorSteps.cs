using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Operations.Simd;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>What lies between the operands and the result: an operation of any kind, with the immediate, XMM0 or MXCSR that it needs.</summary>
internal unsafe interface IVectorStep
{
    static abstract bool TryApply(CpuContext* cpu, MicroOp* op, Vector128<byte> a, Vector128<byte> b, out Vector128<byte> result);
}

/// <summary>An operation on the operands alone.</summary>
/// <typeparam name="TOp">The operation.</typeparam>
internal readonly unsafe struct Plain<TOp> : IVectorStep
    where TOp : struct, IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryApply(CpuContext* cpu, MicroOp* op, Vector128<byte> a, Vector128<byte> b, out Vector128<byte> result)
    {
        result = TOp.Apply(a, b);
        return true;
    }
}

/// <summary>An operation with an immediate.</summary>
/// <typeparam name="TOp">The operation.</typeparam>
internal readonly unsafe struct Controlled<TOp> : IVectorStep
    where TOp : struct, IControlledVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryApply(CpuContext* cpu, MicroOp* op, Vector128<byte> a, Vector128<byte> b, out Vector128<byte> result)
    {
        result = TOp.Apply(a, b, (byte)op->Immediate);
        return true;
    }
}

/// <summary>An operation with XMM0 as its third operand.</summary>
/// <typeparam name="TOp">The operation.</typeparam>
internal readonly unsafe struct Masked<TOp> : IVectorStep
    where TOp : struct, IMaskedVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryApply(CpuContext* cpu, MicroOp* op, Vector128<byte> a, Vector128<byte> b, out Vector128<byte> result)
    {
        result = TOp.Apply(a, b, cpu->State.Vector.Registers[0]);
        return true;
    }
}

/// <summary>A floating-point operation: MXCSR rules it and takes its exceptions.</summary>
/// <typeparam name="TOp">The operation.</typeparam>
internal readonly unsafe struct Rounded<TOp> : IVectorStep
    where TOp : struct, IVectorFloatOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryApply(CpuContext* cpu, MicroOp* op, Vector128<byte> a, Vector128<byte> b, out Vector128<byte> result)
    {
        var status = new FloatStatus(cpu->State.Vector.Mxcsr);
        result = TOp.Apply(a, b, (byte)op->Immediate, ref status);
        return status.Raised == 0 || TryReport(cpu, op, status);
    }

    // The flags are set also when the exception is not masked, and then the destination stays. Intel SDM Vol. 3A, "Interrupt 19".
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryReport(CpuContext* cpu, MicroOp* op, in FloatStatus status)
    {
        cpu->State.Vector.Mxcsr |= status.Reported;
        if (status.Unmasked == 0)
        {
            return true;
        }

        bool reported = (cpu->State.Cr4 & Cr4.OsXmmExceptions) != 0;
        Faults.RaiseAt(cpu, op, reported ? Vector.SimdFloatingPoint : Vector.InvalidOpcode);
        return false;
    }
}
