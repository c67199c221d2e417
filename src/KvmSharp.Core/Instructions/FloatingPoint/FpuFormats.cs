using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>A format in memory that widens to 80 bits. A type parameter of the shapes, like its bits.</summary>
/// <typeparam name="TBits">What is read.</typeparam>
internal interface ILoadFormat<TBits>
    where TBits : unmanaged
{
    static abstract Float80 Widen(TBits bits, ref FloatEnvironment env);
}

/// <summary>A format in memory whose widening raises nothing: integers, packed BCD, extended precision.</summary>
/// <typeparam name="TBits">What is read.</typeparam>
internal interface IExactFormat<TBits>
    where TBits : unmanaged
{
    static abstract Float80 Widen(TBits bits);
}

/// <summary>A format in memory that 80 bits are narrowed to.</summary>
/// <typeparam name="TBits">What is written.</typeparam>
internal unsafe interface IStoreFormat<TBits>
    where TBits : unmanaged
{
    static abstract TBits Narrow(Float80 value, ref FloatEnvironment env);

    static virtual bool TryStore(CpuContext* cpu, MicroOp* op, TBits bits) => Operands.TryWriteMemory(cpu, op, 0, bits);
}

/// <summary>Single precision.</summary>
internal readonly struct SingleFormat : ILoadFormat<uint>, IStoreFormat<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Widen(uint bits, ref FloatEnvironment env) => BinaryFormat.FromSingle(bits, ref env);

    public static uint Narrow(Float80 value, ref FloatEnvironment env) => BinaryFormat.ToSingle(value, ref env);
}

/// <summary>Double precision.</summary>
internal readonly struct DoubleFormat : ILoadFormat<ulong>, IStoreFormat<ulong>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Widen(ulong bits, ref FloatEnvironment env) => BinaryFormat.FromDouble(bits, ref env);

    public static ulong Narrow(Float80 value, ref FloatEnvironment env) => BinaryFormat.ToDouble(value, ref env);
}

/// <summary>Extended precision: neither loads nor stores convert or examine anything.</summary>
internal readonly unsafe struct ExtendedFormat : IExactFormat<TenBytes>, IStoreFormat<TenBytes>
{
    public static Float80 Widen(TenBytes bits) => new(bits.High, bits.Low);

    public static TenBytes Narrow(Float80 value, ref FloatEnvironment env) => new(value.Significand, value.SignExponent);

    public static bool TryStore(CpuContext* cpu, MicroOp* op, TenBytes bits) => TenByteAccess.TryWrite(cpu, op, 0, bits);
}

/// <summary>Packed BCD.</summary>
internal readonly unsafe struct DecimalFormat : IExactFormat<TenBytes>, IStoreFormat<TenBytes>
{
    public static Float80 Widen(TenBytes bits) => PackedDecimal.Load(bits.Low, bits.High);

    public static TenBytes Narrow(Float80 value, ref FloatEnvironment env)
    {
        ulong low = PackedDecimal.Store(value, out ushort high, ref env);
        return new TenBytes(low, high);
    }

    public static bool TryStore(CpuContext* cpu, MicroOp* op, TenBytes bits) => TenByteAccess.TryWrite(cpu, op, 0, bits);
}

/// <summary>16-bit integers.</summary>
internal readonly struct WordFormat : ILoadFormat<short>, IExactFormat<short>, IStoreFormat<short>
{
    public static Float80 Widen(short bits, ref FloatEnvironment env) => Widen(bits);

    public static Float80 Widen(short bits) => IntegerConversion.FromInt64(bits);

    public static short Narrow(Float80 value, ref FloatEnvironment env) =>
        (short)IntegerConversion.ToInteger(value, 16, env.Rounding, ref env);
}

/// <summary>32-bit integers.</summary>
internal readonly struct DoublewordFormat : ILoadFormat<int>, IExactFormat<int>, IStoreFormat<int>
{
    public static Float80 Widen(int bits, ref FloatEnvironment env) => Widen(bits);

    public static Float80 Widen(int bits) => IntegerConversion.FromInt64(bits);

    public static int Narrow(Float80 value, ref FloatEnvironment env) =>
        (int)IntegerConversion.ToInteger(value, 32, env.Rounding, ref env);
}

/// <summary>64-bit integers.</summary>
internal readonly struct QuadwordFormat : IExactFormat<long>, IStoreFormat<long>
{
    public static Float80 Widen(long bits) => IntegerConversion.FromInt64(bits);

    public static long Narrow(Float80 value, ref FloatEnvironment env) => IntegerConversion.ToInteger(value, 64, env.Rounding, ref env);
}

/// <summary>16-bit integers, rounded toward zero: FISTTP.</summary>
internal readonly struct TruncatedWordFormat : IStoreFormat<short>
{
    public static short Narrow(Float80 value, ref FloatEnvironment env) =>
        (short)IntegerConversion.ToInteger(value, 16, FloatRoundingMode.TowardZero, ref env);
}

/// <summary>32-bit integers, rounded toward zero: FISTTP.</summary>
internal readonly struct TruncatedDoublewordFormat : IStoreFormat<int>
{
    public static int Narrow(Float80 value, ref FloatEnvironment env) =>
        (int)IntegerConversion.ToInteger(value, 32, FloatRoundingMode.TowardZero, ref env);
}

/// <summary>64-bit integers, rounded toward zero: FISTTP.</summary>
internal readonly struct TruncatedQuadwordFormat : IStoreFormat<long>
{
    public static long Narrow(Float80 value, ref FloatEnvironment env) =>
        IntegerConversion.ToInteger(value, 64, FloatRoundingMode.TowardZero, ref env);
}
