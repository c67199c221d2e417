using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Instructions.FloatingPoint;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Regions;

/// <summary>Comparisons of normal numbers and zeros.</summary>
internal static unsafe partial class X87Steps
{
    private const ushort ConditionCodes = X87Status.C0 | X87Status.C1 | X87Status.C2 | X87Status.C3;

    /// <summary>FCOM and FUCOM with a register, to the condition codes.</summary>
    /// <typeparam name="TPop">How many are popped.</typeparam>
    [MethodImpl(Once)]
    public static bool CompareRegister<TPop>(nint cpu, int top, int number, long rip)
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return CompareRegister<TPop>(cpu, TopOf(status), number, rip);
        }

        return Holds(x87, top + number) && TryCompare<TPop>(x87, status, top, *Register(x87, top + number), rip);
    }

    /// <summary>FCOM with memory.</summary>
    /// <typeparam name="TSource">What it holds.</typeparam>
    /// <typeparam name="TPop">How many are popped.</typeparam>
    [MethodImpl(Once)]
    public static bool CompareMemory<TSource, TPop>(nint cpu, int top, long bits, long rip)
        where TSource : struct, IX87Source
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return CompareMemory<TSource, TPop>(cpu, TopOf(status), bits, rip);
        }

        return TSource.TryWiden(bits, out Float80 value) && TryCompare<TPop>(x87, status, top, value, rip);
    }

    /// <summary>FCOMI and FUCOMI.</summary>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    /// <returns>-1, 0 or 1 as ST(0) is less, equal or greater; 2 when nothing was done.</returns>
    [MethodImpl(Once)]
    public static int CompareIntoFlags<TPop>(nint cpu, int top, int number, long rip)
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return CompareIntoFlags<TPop>(cpu, TopOf(status), number, rip);
        }

        if (!IsPlain(x87, status) || !Holds(x87, top) || !Holds(x87, top + number) || !TryOrder(*Register(x87, top), *Register(x87, top + number), out int order))
        {
            return 2;
        }

        Finish<TPop>(x87, status, top, status & X87Status.C1, rip); // C1 stays
        return order;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryCompare<TPop>(X87State* x87, int status, int top, Float80 value, long rip)
        where TPop : struct, IPop
    {
        if (!IsPlain(x87, status) || !Holds(x87, top) || !TryOrder(*Register(x87, top), value, out int order))
        {
            return false;
        }

        int codes = order < 0 ? X87Status.C0 : order == 0 ? X87Status.C3 : 0;
        Finish<TPop>(x87, status & ~ConditionCodes, top, codes, rip);
        return true;
    }

    // Zeros are equal whatever their signs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryOrder(Float80 a, Float80 b, out int order)
    {
        order = 0;
        if ((!a.IsNormal && !a.IsZero) || (!b.IsNormal && !b.IsZero))
        {
            return false;
        }

        int size = a.Exponent != b.Exponent ? a.Exponent - b.Exponent : a.Significand.CompareTo(b.Significand);
        bool same = a.IsNegative == b.IsNegative;
        if (same)
        {
            order = Math.Sign(a.IsNegative ? -size : size);
        }
        else if (!a.IsZero || !b.IsZero)
        {
            order = a.IsNegative ? -1 : 1;
        }

        return true;
    }
}
