using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Operations;

namespace KvmSharp.Regions;

/// <summary>Works out flags that translated code keeps as operands: by the interpreter's own operations, out of the hot path.</summary>
internal static unsafe class LazyFlags
{
    private const int ConditionsByTwo = 1; // the lowest bit of a condition code negates it

    /// <summary>Gives the flags that two words stand for.</summary>
    /// <param name="kind">A <see cref="FlagKind"/>.</param>
    /// <param name="a">The first word, zero-extended.</param>
    /// <param name="b">The second word, zero-extended.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a region that needs it at all needs it often
    public static ArithmeticFlags Of(int kind, ulong a, ulong b)
    {
        if (kind == FlagKind.Canonical.Value)
        {
            return new ArithmeticFlags { Result = a, Carries = b };
        }

        if (new FlagKind(kind).Operation == FlagOperation.CompareFloats)
        {
            return OfComparison(new FlagKind(kind).Width, a, b);
        }

        return (kind & 3) switch
        {
            0 => Of<byte>(new FlagKind(kind).Operation, a, b),
            1 => Of<ushort>(new FlagKind(kind).Operation, a, b),
            2 => Of<uint>(new FlagKind(kind).Operation, a, b),
            _ => Of<ulong>(new FlagKind(kind).Operation, a, b),
        };
    }

    /// <summary>Stores the flags where the interpreter looks for them.</summary>
    public static void Store(nint cpu, int kind, ulong a, ulong b) => ((CpuContext*)cpu)->Flags = Of(kind, a, b);

    /// <summary>Gives <c>ArithmeticFlags.Carries</c>; the result word needs <see cref="Result"/>.</summary>
    public static ulong Carries(int kind, ulong a, ulong b) => Of(kind, a, b).Carries;

    /// <summary>Gives <c>ArithmeticFlags.Result</c>.</summary>
    public static ulong Result(int kind, ulong a, ulong b) => Of(kind, a, b).Result;

    /// <summary>Gives CF, 0 or 1.</summary>
    public static int Carry(int kind, ulong a, ulong b) => Of(kind, a, b).Carry ? 1 : 0;

    /// <summary>Tests a condition.</summary>
    /// <param name="condition">Its code, as in the low four bits of Jcc's opcode.</param>
    /// <param name="kind">A <see cref="FlagKind"/>.</param>
    /// <param name="a">The first word.</param>
    /// <param name="b">The second word.</param>
    public static bool Test(int condition, int kind, ulong a, ulong b)
    {
        ArithmeticFlags flags = Of(kind, a, b);
        bool holds = (condition >> ConditionsByTwo) switch
        {
            0 => flags.Overflow,
            1 => flags.Carry,
            2 => flags.Zero,
            3 => flags.Carry || flags.Zero,
            4 => flags.Sign,
            5 => flags.Parity,
            6 => flags.Less,
            _ => flags.Less || flags.Zero,
        };
        return holds != ((condition & 1) != 0);
    }

    // Singles are widened: that keeps their order. Neither is NaN.
    private static ArithmeticFlags OfComparison(int width, ulong a, ulong b)
    {
        double first = width == sizeof(double) ? BitConverter.UInt64BitsToDouble(a) : BitConverter.UInt32BitsToSingle((uint)a);
        double second = width == sizeof(double) ? BitConverter.UInt64BitsToDouble(b) : BitConverter.UInt32BitsToSingle((uint)b);
        return ArithmeticFlags.FromRflags(first < second ? ArithmeticFlags.CarryBit : first == second ? ArithmeticFlags.ZeroBit : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ArithmeticFlags Of<T>(FlagOperation operation, ulong first, ulong second)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T a = Operand.Truncate<T>(first);
        T b = Operand.Truncate<T>(second);
        var flags = default(ArithmeticFlags);
        switch (operation)
        {
            case FlagOperation.Add:
                Add.Apply(a, b, ref flags);
                break;
            case FlagOperation.Sub:
                Sub.Apply(a, b, ref flags);
                break;
            case FlagOperation.Logic:
                flags.SetLogic(a);
                break;
            case FlagOperation.Inc:
                flags.SetCarry(second != 0);
                Inc.Apply(a, ref flags);
                break;
            case FlagOperation.Dec:
                flags.SetCarry(second != 0);
                Dec.Apply(a, ref flags);
                break;
            case FlagOperation.Shl:
                Shl.Apply(a, (int)second, ref flags);
                break;
            case FlagOperation.Shr:
                Shr.Apply(a, (int)second, ref flags);
                break;
            case FlagOperation.Sar:
                Sar.Apply(a, (int)second, ref flags);
                break;
            case FlagOperation.Imul:
                ImulLow.Apply(a, b, ref flags);
                break;
            default:
                Mul.Apply(a, b, out _, ref flags);
                break;
        }

        return flags;
    }
}
