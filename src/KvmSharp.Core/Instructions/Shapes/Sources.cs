using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Shapes;

/// <summary>Where the second operand comes from.</summary>
internal unsafe interface ISource
{
    static abstract bool TryRead<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged;

    /// <summary>Reads what needs no slow path, and else does nothing.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="value">The operand.</param>
    /// <returns><see langword="false"/> when <see cref="TryRead"/> must be asked.</returns>
    static abstract bool TryReadHit<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged;
}

/// <summary>The register at <c>Src</c>.</summary>
internal readonly unsafe struct FromRegister : ISource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged
    {
        value = cpu->Read<T>(op->Src);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadHit<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged => TryRead(cpu, op, out value);
}

/// <summary>The immediate.</summary>
internal readonly unsafe struct FromImmediate : ISource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged
    {
        value = *(T*)&op->Immediate;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadHit<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged => TryRead(cpu, op, out value);
}

/// <summary>Memory.</summary>
/// <typeparam name="TAddress">How its address comes about.</typeparam>
internal readonly unsafe struct FromMemory<TAddress> : ISource
    where TAddress : struct, IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged
    {
        if (TAddress.TryAddress(cpu, op, sizeof(T), write: false, out ulong linear))
        {
            return LinearAccess.TryRead(cpu, op, linear, out value);
        }

        value = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadHit<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged
    {
        if (TAddress.TryAddressOfHit(cpu, op, sizeof(T), write: false, out ulong linear))
        {
            return LinearAccess.TryReadHit(cpu, linear, out value);
        }

        value = default;
        return false;
    }
}

/// <summary>CL, the count of a double shift, whose register operand is another one.</summary>
internal readonly unsafe struct FromCl : ISource
{
    public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged
    {
        value = cpu->Read<T>(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rcx));
        return true;
    }

    public static bool TryReadHit<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged => TryRead(cpu, op, out value);
}

/// <summary>The register at <c>Dst</c>: the only operand of JMP, CALL, PUSH, MUL and DIV.</summary>
internal readonly unsafe struct FromFirstRegister : ISource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged
    {
        value = cpu->Read<T>(op->Dst);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadHit<T>(CpuContext* cpu, MicroOp* op, out T value)
        where T : unmanaged => TryRead(cpu, op, out value);
}
