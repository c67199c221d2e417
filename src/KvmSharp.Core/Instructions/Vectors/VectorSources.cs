using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Vectors;

/// <summary>Where the source of a vector instruction comes from; a narrow one is zero-extended.</summary>
internal unsafe interface IVectorSource
{
    /// <summary>Gets whether it is an MMX register.</summary>
    static abstract bool IsMmx { get; }

    static abstract bool TryRead(CpuContext* cpu, MicroOp* op, out Vector128<byte> value);
}

/// <summary>The XMM register at <c>Src</c>.</summary>
internal readonly unsafe struct FromXmm : IVectorSource
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuContext* cpu, MicroOp* op, out Vector128<byte> value)
    {
        value = cpu->Read<Vector128<byte>>(op->Src);
        return true;
    }
}

/// <summary>The MMX register at <c>Src</c>.</summary>
internal readonly unsafe struct FromMmx : IVectorSource
{
    public static bool IsMmx => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuContext* cpu, MicroOp* op, out Vector128<byte> value)
    {
        value = Vector128.CreateScalar(cpu->Read<ulong>(op->Src)).AsByte();
        return true;
    }
}

/// <summary>The general register at <c>Src</c>.</summary>
/// <typeparam name="T">uint or ulong.</typeparam>
internal readonly unsafe struct FromGeneral<T> : IVectorSource
    where T : unmanaged
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuContext* cpu, MicroOp* op, out Vector128<byte> value)
    {
        value = Vector128.CreateScalar(cpu->Read<T>(op->Src)).AsByte();
        return true;
    }
}

/// <summary>The immediate.</summary>
internal readonly unsafe struct FromControl : IVectorSource
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuContext* cpu, MicroOp* op, out Vector128<byte> value)
    {
        value = Vector128.CreateScalar((ulong)(byte)op->Immediate).AsByte();
        return true;
    }
}

/// <summary>Memory of less than 16 bytes, or of 16 at any address.</summary>
/// <typeparam name="T">The width.</typeparam>
internal readonly unsafe struct FromUnaligned<T> : IVectorSource
    where T : unmanaged
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuContext* cpu, MicroOp* op, out Vector128<byte> value)
    {
        value = default;
        return Segmented.TryAddress(cpu, op, sizeof(T), write: false, out ulong linear)
            && LinearAccess.TryRead(cpu, op, linear, out *(T*)Unsafe.AsPointer(ref value));
    }
}

/// <summary>16 bytes of memory at an address that is a multiple of 16.</summary>
internal readonly unsafe struct FromAligned : IVectorSource
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuContext* cpu, MicroOp* op, out Vector128<byte> value)
    {
        value = default;
        return Segmented.TryAddress(cpu, op, sizeof(Vector128<byte>), write: false, out ulong linear)
            && VectorAlignment.TryRequire(cpu, op, linear)
            && LinearAccess.TryRead(cpu, op, linear, out value);
    }
}

/// <summary>The alignment that legacy SSE instructions demand. Intel SDM Vol. 1, "Memory Alignment".</summary>
internal static unsafe class VectorAlignment
{
    private const ulong Mask = 15;

    /// <summary>Raises #GP(0) for an address that is not a multiple of 16.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="linear">The address.</param>
    /// <returns>Whether it is one.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRequire(CpuContext* cpu, MicroOp* op, ulong linear)
    {
        if ((linear & Mask) == 0)
        {
            return true;
        }

        cpu->CurrentOp = op;
        return Faults.GeneralProtection(cpu);
    }
}
