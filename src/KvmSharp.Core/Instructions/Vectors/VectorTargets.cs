using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Memory;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>Where the result of a vector instruction goes, and where its first operand comes from.</summary>
internal unsafe interface IVectorTarget
{
    /// <summary>Gets whether it is an MMX register.</summary>
    static abstract bool IsMmx { get; }

    static abstract Vector128<byte> Read(CpuContext* cpu, MicroOp* op);

    static abstract bool TryWrite(CpuContext* cpu, MicroOp* op, Vector128<byte> value);
}

/// <summary>The XMM register at <c>Dst</c>.</summary>
internal readonly unsafe struct ToXmm : IVectorTarget
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Read(CpuContext* cpu, MicroOp* op) => cpu->Read<Vector128<byte>>(op->Dst);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(CpuContext* cpu, MicroOp* op, Vector128<byte> value)
    {
        cpu->Write(op->Dst, value);
        return true;
    }
}

/// <summary>The MMX register at <c>Dst</c>.</summary>
internal readonly unsafe struct ToMmx : IVectorTarget
{
    public static bool IsMmx => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Read(CpuContext* cpu, MicroOp* op) => Vector128.CreateScalar(cpu->Read<ulong>(op->Dst)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(CpuContext* cpu, MicroOp* op, Vector128<byte> value)
    {
        cpu->Write(op->Dst, new Float80 { Significand = value.AsUInt64().ToScalar(), SignExponent = MmxState.WrittenExponent });
        return true;
    }
}

/// <summary>The general register at <c>Dst</c>, zero-extended.</summary>
/// <typeparam name="T">uint or ulong.</typeparam>
internal readonly unsafe struct ToGeneral<T> : IVectorTarget
    where T : unmanaged
{
    public static bool IsMmx => false;

    public static Vector128<byte> Read(CpuContext* cpu, MicroOp* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(CpuContext* cpu, MicroOp* op, Vector128<byte> value)
    {
        cpu->Write(op->Dst, value.As<byte, T>().ToScalar());
        return true;
    }
}

/// <summary>The arithmetic flags: the result is their image.</summary>
internal readonly unsafe struct ToFlags : IVectorTarget
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Read(CpuContext* cpu, MicroOp* op) => cpu->Read<Vector128<byte>>(op->Dst);

    public static bool TryWrite(CpuContext* cpu, MicroOp* op, Vector128<byte> value)
    {
        cpu->Flags = Operations.ArithmeticFlags.FromRflags(value.AsUInt64().ToScalar());
        return true;
    }
}

/// <summary>Memory at any address.</summary>
/// <typeparam name="T">The width.</typeparam>
internal readonly unsafe struct ToMemory<T> : IVectorTarget
    where T : unmanaged
{
    public static bool IsMmx => false;

    public static Vector128<byte> Read(CpuContext* cpu, MicroOp* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(CpuContext* cpu, MicroOp* op, Vector128<byte> value) =>
        Segmented.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear)
        && LinearAccess.TryWrite(cpu, op, linear, *(T*)&value);
}

/// <summary>16 bytes of memory at an address that is a multiple of 16.</summary>
internal readonly unsafe struct ToAligned : IVectorTarget
{
    public static bool IsMmx => false;

    public static Vector128<byte> Read(CpuContext* cpu, MicroOp* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(CpuContext* cpu, MicroOp* op, Vector128<byte> value) =>
        Segmented.TryAddress(cpu, op, sizeof(Vector128<byte>), write: true, out ulong linear)
        && VectorAlignment.TryRequire(cpu, op, linear)
        && LinearAccess.TryWrite(cpu, op, linear, value);
}
