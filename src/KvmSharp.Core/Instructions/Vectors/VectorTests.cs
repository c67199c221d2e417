using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;
using KvmSharp.Operations.Simd;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>COMISS, COMISD, UCOMISS, UCOMISD: ZF, PF and CF; OF, SF and AF are cleared. Intel SDM Vol. 2A, "COMISD".</summary>
/// <typeparam name="TFormat">The format.</typeparam>
/// <typeparam name="TQuiet">How quiet NaNs are taken.</typeparam>
internal readonly struct OrderedCompare<TFormat, TQuiet> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
    where TQuiet : struct, IQuietNaNRule
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        FloatRelation relation = FloatComparison.Compare<TFormat>(Lanes<TFormat>.Get(a, 0), Lanes<TFormat>.Get(b, 0), TQuiet.IsInvalid, ref status);
        uint flags = relation switch
        {
            FloatRelation.Unordered => ArithmeticFlags.ZeroBit | ArithmeticFlags.ParityBit | ArithmeticFlags.CarryBit,
            FloatRelation.Less => ArithmeticFlags.CarryBit,
            FloatRelation.Equal => ArithmeticFlags.ZeroBit,
            _ => 0,
        };
        return Vector128.CreateScalar(flags).AsByte();
    }
}

/// <summary>Whether a quiet NaN makes a comparison invalid.</summary>
internal interface IQuietNaNRule
{
    static abstract bool IsInvalid { get; }
}

/// <summary>COMISS, COMISD: it does.</summary>
internal readonly struct QuietIsInvalid : IQuietNaNRule
{
    public static bool IsInvalid => true;
}

/// <summary>UCOMISS, UCOMISD: it does not.</summary>
internal readonly struct QuietIsValid : IQuietNaNRule
{
    public static bool IsInvalid => false;
}

/// <summary>PTEST: ZF when no bit of the source is set in the destination, CF when no other one is. Intel SDM Vol. 2B, "PTEST".</summary>
internal readonly struct TestBits : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        uint flags = ((a & b) == default ? ArithmeticFlags.ZeroBit : 0) | ((~a & b) == default ? ArithmeticFlags.CarryBit : 0);
        return Vector128.CreateScalar(flags).AsByte();
    }
}

/// <summary>PCMPISTRI, PCMPISTRM, PCMPESTRI, PCMPESTRM: the flags, and ECX or XMM0.</summary>
/// <typeparam name="TLength">Where lengths come from.</typeparam>
/// <typeparam name="TResult">Where the result goes.</typeparam>
internal readonly unsafe struct CompareStrings<TLength, TResult> : IVectorStep
    where TLength : struct, IStringLength
    where TResult : struct, IStringResult
{
    public static bool TryApply(CpuContext* cpu, MicroOp* op, Vector128<byte> a, Vector128<byte> b, out Vector128<byte> result)
    {
        byte control = (byte)op->Immediate;
        int lengthA = TLength.Get(cpu, GeneralRegisterFile.Rax, a, control);
        int lengthB = TLength.Get(cpu, GeneralRegisterFile.Rdx, b, control);
        uint bits = TextComparison.Compare(a, lengthA, b, lengthB, control);
        TResult.Set(cpu, bits, control);
        result = Vector128.CreateScalar(TextComparison.Flags(bits, lengthA, lengthB, control)).AsByte();
        return true;
    }
}

/// <summary>Where the length of a string comes from.</summary>
internal unsafe interface IStringLength
{
    static abstract int Get(CpuContext* cpu, int register, Vector128<byte> text, byte control);
}

/// <summary>The first element that is zero.</summary>
internal readonly unsafe struct ImplicitLength : IStringLength
{
    public static int Get(CpuContext* cpu, int register, Vector128<byte> text, byte control) => TextComparison.ImplicitLength(text, control);
}

/// <summary>EAX or EDX.</summary>
/// <typeparam name="T">int; with REX.W long.</typeparam>
internal readonly unsafe struct ExplicitLength<T> : IStringLength
    where T : unmanaged
{
    public static int Get(CpuContext* cpu, int register, Vector128<byte> text, byte control) => TextComparison.ExplicitLength(
        (long)Operand.SignExtend(cpu->Read<T>(CpuContext.OffsetOfGeneral(register))), control);
}

/// <summary>Where the result of a string comparison goes.</summary>
internal unsafe interface IStringResult
{
    static abstract void Set(CpuContext* cpu, uint bits, byte control);
}

/// <summary>An index to ECX.</summary>
internal readonly unsafe struct ToIndex : IStringResult
{
    public static void Set(CpuContext* cpu, uint bits, byte control) =>
        cpu->State.General[GeneralRegisterFile.Rcx] = (uint)TextComparison.Index(bits, control);
}

/// <summary>A mask to XMM0.</summary>
internal readonly unsafe struct ToMask : IStringResult
{
    public static void Set(CpuContext* cpu, uint bits, byte control) => cpu->State.Vector.Registers[0] = TextComparison.Mask(bits, control);
}
