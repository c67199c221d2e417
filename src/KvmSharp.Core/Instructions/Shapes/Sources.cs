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
}
