using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Regions;

/// <summary>Singles or doubles in translated code: their constants and what is called for them.</summary>
/// <param name="Element">The type.</param>
/// <param name="SmallestNormal">The smallest normal number.</param>
/// <param name="Least">A result of this magnitude or more was not tiny before rounding: the next power of two.</param>
/// <param name="Greatest">The largest finite number.</param>
/// <param name="LowLane">What is known when the lowest element is plain.</param>
/// <param name="AllLanes">What is known when all are.</param>
internal sealed record FloatType(Type Element, double SmallestNormal, double Least, double Greatest, PlainLanes LowLane, PlainLanes AllLanes)
{
    public static readonly FloatType Single = new(typeof(float), Math.ScaleB(1, -126), Math.ScaleB(1, -125), float.MaxValue, PlainLanes.LowSingle, PlainLanes.Singles);

    public static readonly FloatType Double = new(typeof(double), Math.ScaleB(1, -1022), Math.ScaleB(1, -1021), double.MaxValue, PlainLanes.LowDouble, PlainLanes.Doubles);

    private readonly MethodInfo _absolute = (Element == typeof(double) ? typeof(Math) : typeof(MathF)).GetMethod(nameof(Math.Abs), [Element])!;

    /// <summary>Gets the vector's type.</summary>
    public Type Vector { get; } = typeof(Vector128<>).MakeGenericType(Element);

    public bool IsDouble => Element == typeof(double);

    public int Size => IsDouble ? sizeof(double) : sizeof(float);

    public MethodInfo Sqrt { get; } = (Element == typeof(double) ? typeof(Math) : typeof(MathF)).GetMethod(nameof(Math.Sqrt), [Element])!;

    public MethodInfo MinNative { get; } = Element.GetMethod(nameof(double.MinNative), [Element, Element])!;

    public MethodInfo MaxNative { get; } = Element.GetMethod(nameof(double.MaxNative), [Element, Element])!;

    /// <summary>Pushes a constant.</summary>
    public void EmitConstant(ILGenerator il, double value)
    {
        if (IsDouble)
        {
            il.Emit(OpCodes.Ldc_R8, value);
        }
        else
        {
            il.Emit(OpCodes.Ldc_R4, (float)value);
        }
    }

    /// <summary>Pushes a constant for all elements.</summary>
    public void EmitConstants(ILGenerator il, double value)
    {
        EmitConstant(il, value);
        il.Emit(OpCodes.Call, typeof(Vector128).GetMethod(nameof(Vector128.Create), [Element])!);
    }

    /// <summary>Pushes the magnitude of a local.</summary>
    public void EmitMagnitude(ILGenerator il, LocalBuilder value)
    {
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Call, _absolute);
    }

    /// <summary>Pushes the magnitudes of all elements.</summary>
    public void EmitMagnitudes(ILGenerator il, LocalBuilder vector)
    {
        il.Emit(OpCodes.Ldloc, vector);
        il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.Abs), Element, 1));
    }

    /// <summary>Goes elsewhere when a local is denormal or NaN; zero passes.</summary>
    public void EmitUnlessPlain(ILGenerator il, LocalBuilder value, Label elsewhere)
    {
        Label plain = il.DefineLabel();
        EmitMagnitude(il, value);
        EmitConstant(il, SmallestNormal);
        il.Emit(OpCodes.Bge, plain);
        il.Emit(OpCodes.Ldloc, value);
        EmitConstant(il, 0);
        il.Emit(OpCodes.Bne_Un, elsewhere);
        il.MarkLabel(plain);
    }

    /// <summary>Tells whether all elements hold: operands are not denormal, results normal, if not exactly zero.</summary>
    /// <typeparam name="T">The element.</typeparam>
    /// <param name="a">The first operands.</param>
    /// <param name="b">The second operands.</param>
    /// <param name="result">The host's results.</param>
    /// <param name="zero">When zero is exact.</param>
    /// <param name="smallest">The smallest normal number.</param>
    /// <param name="least">The least safe result.</param>
    /// <param name="greatest">The largest finite number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllHold<T>(Vector128<T> a, Vector128<T> b, Vector128<T> result, ZeroResult zero, Vector128<T> smallest, Vector128<T> least, Vector128<T> greatest)
        where T : unmanaged
    {
        Vector128<T> aIsZero = Vector128.Equals(a, Vector128<T>.Zero);
        Vector128<T> bIsZero = Vector128.Equals(b, Vector128<T>.Zero);
        Vector128<T> exact = zero switch
        {
            ZeroResult.Always => Vector128<T>.AllBitsSet,
            ZeroResult.OfEither => aIsZero | bIsZero,
            _ => aIsZero,
        };
        Vector128<T> magnitude = Vector128.Abs(result);
        Vector128<T> plain = Vector128.GreaterThanOrEqual(magnitude, least) & Vector128.LessThanOrEqual(magnitude, greatest);
        Vector128<T> holds = (Vector128.GreaterThanOrEqual(Vector128.Abs(a), smallest) | aIsZero)
            & (Vector128.GreaterThanOrEqual(Vector128.Abs(b), smallest) | bIsZero)
            & (plain | (Vector128.Equals(result, Vector128<T>.Zero) & exact));
        return holds.ExtractMostSignificantBits() == (1U << Vector128<T>.Count) - 1;
    }
}

/// <summary>When an operation's result of zero is exact, and not too small a number.</summary>
internal enum ZeroResult
{
    /// <summary>Sums and differences.</summary>
    Always,

    /// <summary>Products: of a zero.</summary>
    OfEither,

    /// <summary>Quotients and roots: of zero as the first operand.</summary>
    OfFirst,
}
