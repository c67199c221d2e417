using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>What surrounds one operation: the control word it obeys, and the status bits it raises.</summary>
/// <remarks>
/// An operation always returns something. When <see cref="StopsResult"/> holds afterwards, an unmasked exception forbids storing it.
/// Intel SDM Vol. 1, "x87 FPU Floating-Point Exception Conditions".
/// </remarks>
internal struct FloatEnvironment(ushort control)
{
    /// <summary>The control word.</summary>
    public readonly ushort Control = control;

    /// <summary>Exceptions raised so far and C1, at their places in the status word.</summary>
    public ushort Status;

    /// <summary>Set when a memory operand was denormal in its own format, which its widening has normalized.</summary>
    public bool DenormalSource;

    /// <summary>Gets a value indicating whether results are rounded to nearest at 64 bits, as after FNINIT.</summary>
    public readonly bool IsDefault
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Control & (X87Control.PrecisionMask | X87Control.RoundingMask)) == X87Control.Extended;
    }

    /// <summary>Gets the rounding mode.</summary>
    public readonly FloatRoundingMode Rounding => (FloatRoundingMode)((Control & X87Control.RoundingMask) >> X87Control.RoundingShift);

    /// <summary>Gets the low bits of the significand that precision control takes away from results of add, subtract, multiply, divide and square root.</summary>
    public readonly int DroppedBits => (Control & X87Control.PrecisionMask) switch
    {
        X87Control.Single => 64 - 24,
        X87Control.Double => 64 - 53,
        _ => 0,
    };

    /// <summary>Gets a value indicating whether an unmasked exception before the operation (IE, ZE, DE) keeps the result from being stored.</summary>
    public readonly bool StopsResult => (Status & ~Control & (X87Status.Invalid | X87Status.ZeroDivide | X87Status.Denormal)) != 0;

    /// <summary>Gets a value indicating whether an unmasked exception keeps a result from memory: OE and UE too, for there is no wider exponent there.</summary>
    public readonly bool StopsStore => (Status & ~Control & ~(uint)X87Status.Precision & X87Status.Exceptions) != 0;

    /// <summary>Raises exceptions.</summary>
    /// <param name="exceptions">Their bits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Raise(int exceptions) => Status |= (ushort)exceptions;

    /// <summary>Tells whether all of some exceptions are masked.</summary>
    /// <param name="exceptions">Their bits.</param>
    /// <returns>Whether they are.</returns>
    public readonly bool Masks(int exceptions) => (exceptions & ~Control) == 0;

    /// <summary>Raises the invalid-operation exception.</summary>
    /// <returns>The masked result.</returns>
    public Float80 Invalid()
    {
        Raise(X87Status.Invalid);
        return Float80.Indefinite;
    }

    /// <summary>Raises the stack fault of an operand whose register is empty.</summary>
    /// <returns>The masked result.</returns>
    public Float80 StackUnderflow()
    {
        Raise(X87Status.Invalid | X87Status.StackFault);
        return Float80.Indefinite;
    }

    /// <summary>Raises the stack fault of a push onto a register that is not empty; C1 tells it from the other one.</summary>
    /// <returns>The masked result.</returns>
    public Float80 StackOverflow()
    {
        Raise(X87Status.Invalid | X87Status.StackFault | X87Status.C1);
        return Float80.Indefinite;
    }

    /// <summary>Raises the denormal-operand exception if an operand is denormal.</summary>
    /// <param name="a">An operand.</param>
    /// <param name="b">Another one, or the same.</param>
    /// <returns>Whether the operation ends here, because the exception is unmasked.</returns>
    public bool StopsForDenormal(FloatClass a, FloatClass b)
    {
        if (DenormalSource || a == FloatClass.Denormal || b == FloatClass.Denormal)
        {
            Raise(X87Status.Denormal);
            return !Masks(X87Status.Denormal);
        }

        return false;
    }
}

/// <summary>The RC field. Intel SDM Vol. 1, "Rounding".</summary>
internal enum FloatRoundingMode
{
    Nearest,
    Down,
    Up,
    TowardZero,
}

/// <summary>Bits of the x87 control word. Intel SDM Vol. 1, "x87 FPU Control Word".</summary>
internal static class X87Control
{
    public const ushort PrecisionMask = 3 << 8;
    public const ushort Single = 0 << 8;
    public const ushort Double = 2 << 8;
    public const ushort Extended = 3 << 8;
    public const ushort RoundingMask = 3 << RoundingShift;
    public const int RoundingShift = 10;

    /// <summary>Bit 6 always reads 1.</summary>
    public const ushort AlwaysOne = 1 << 6;

    /// <summary>The bits that can be set; bit 12, infinity control, is kept and means nothing.</summary>
    public const ushort Writable = 0x1F3F;

    /// <summary>After FNINIT: everything masked, 64-bit precision, round to nearest.</summary>
    public const ushort Initial = 0x037F;
}

/// <summary>Bits of the x87 status word. Intel SDM Vol. 1, "x87 FPU Status Register".</summary>
internal static class X87Status
{
    public const ushort Invalid = 1 << 0;
    public const ushort Denormal = 1 << 1;
    public const ushort ZeroDivide = 1 << 2;
    public const ushort Overflow = 1 << 3;
    public const ushort Underflow = 1 << 4;
    public const ushort Precision = 1 << 5;
    public const ushort Exceptions = 0x3F;

    /// <summary>SF: the invalid operation was a stack overflow or underflow.</summary>
    public const ushort StackFault = 1 << 6;

    /// <summary>ES: an unmasked exception waits.</summary>
    public const ushort ErrorSummary = 1 << 7;

    public const ushort C0 = 1 << 8;

    /// <summary>C1: the last result was rounded up; after a stack fault, whether it was an overflow.</summary>
    public const ushort C1 = 1 << 9;
    public const ushort C2 = 1 << 10;
    public const ushort C3 = 1 << 14;
    public const int TopShift = 11;
    public const ushort TopMask = 7 << TopShift;

    /// <summary>B: the same as ES.</summary>
    public const ushort Busy = 1 << 15;
}
