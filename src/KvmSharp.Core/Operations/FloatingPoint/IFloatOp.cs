using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>An arithmetic operation on two 80-bit values.</summary>
internal interface IFloatOp
{
    /// <summary>Carries it out.</summary>
    /// <param name="a">ST(0), or the register that is the destination.</param>
    /// <param name="b">The other operand.</param>
    /// <param name="env">What it obeys and raises.</param>
    /// <returns>The result.</returns>
    static abstract Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env);

    /// <summary>Carries it out where the result is normal and rounded to nearest at 64 bits, or exactly zero: nearly always.</summary>
    /// <param name="a">As above.</param>
    /// <param name="b">The other operand.</param>
    /// <param name="result">The result.</param>
    /// <param name="status">PE and C1, when they are raised.</param>
    /// <returns><see langword="false"/> when it must be carried out fully.</returns>
    static abstract bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status);
}

/// <summary>FADD, FADDP, FIADD. Intel SDM Vol. 2A, "FADD/FADDP/FIADD: Add".</summary>
internal readonly struct FloatAdd : IFloatOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatAddition.Sum(a, b, 0, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status) => FloatAddition.TryNearest(a, b, 0, out result, out status);
}

/// <summary>FSUB, FSUBP, FISUB. Intel SDM Vol. 2A, "FSUB/FSUBP/FISUB: Subtract".</summary>
internal readonly struct FloatSubtract : IFloatOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatAddition.Sum(a, b, Float80.SignBit, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status) => FloatAddition.TryNearest(a, b, Float80.SignBit, out result, out status);
}

/// <summary>FSUBR, FSUBRP, FISUBR: subtracts the other way round.</summary>
internal readonly struct FloatSubtractReversed : IFloatOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatAddition.Sum(b, a, Float80.SignBit, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status) => FloatAddition.TryNearest(b, a, Float80.SignBit, out result, out status);
}

/// <summary>FMUL, FMULP, FIMUL. Intel SDM Vol. 2A, "FMUL/FMULP/FIMUL: Multiply".</summary>
internal readonly struct FloatMultiply : IFloatOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatMultiplication.Product(a, b, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status) => FloatMultiplication.TryNearest(a, b, out result, out status);
}

/// <summary>FDIV, FDIVP, FIDIV. Intel SDM Vol. 2A, "FDIV/FDIVP/FIDIV: Divide".</summary>
internal readonly struct FloatDivide : IFloatOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatDivision.Quotient(a, b, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status) => FloatDivision.TryNearest(a, b, out result, out status);
}

/// <summary>FDIVR, FDIVRP, FIDIVR: divides the other way round.</summary>
internal readonly struct FloatDivideReversed : IFloatOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatDivision.Quotient(b, a, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status) => FloatDivision.TryNearest(b, a, out result, out status);
}
