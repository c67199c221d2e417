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
}

/// <summary>FADD, FADDP, FIADD. Intel SDM Vol. 2A, "FADD/FADDP/FIADD: Add".</summary>
internal readonly struct FloatAdd : IFloatOp
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatAddition.Sum(a, b, 0, ref env);
}

/// <summary>FSUB, FSUBP, FISUB. Intel SDM Vol. 2A, "FSUB/FSUBP/FISUB: Subtract".</summary>
internal readonly struct FloatSubtract : IFloatOp
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatAddition.Sum(a, b, Float80.SignBit, ref env);
}

/// <summary>FSUBR, FSUBRP, FISUBR: subtracts the other way round.</summary>
internal readonly struct FloatSubtractReversed : IFloatOp
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatAddition.Sum(b, a, Float80.SignBit, ref env);
}

/// <summary>FMUL, FMULP, FIMUL. Intel SDM Vol. 2A, "FMUL/FMULP/FIMUL: Multiply".</summary>
internal readonly struct FloatMultiply : IFloatOp
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatMultiplication.Product(a, b, ref env);
}

/// <summary>FDIV, FDIVP, FIDIV. Intel SDM Vol. 2A, "FDIV/FDIVP/FIDIV: Divide".</summary>
internal readonly struct FloatDivide : IFloatOp
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatDivision.Quotient(a, b, ref env);
}

/// <summary>FDIVR, FDIVRP, FIDIVR: divides the other way round.</summary>
internal readonly struct FloatDivideReversed : IFloatOp
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment env) => FloatDivision.Quotient(b, a, ref env);
}
