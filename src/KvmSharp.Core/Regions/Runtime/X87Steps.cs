using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Instructions.FloatingPoint;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Regions;

/// <summary>x87 instructions as translated code calls them: for the control word after FNINIT, normal numbers and zeros, with no exception but PE.</summary>
/// <remarks>
/// Each returns whether it has carried its instruction out; if not, nothing has changed and the interpreter's handler is called. The last argument is
/// what FIP becomes. Nothing here can fault, and no register but those of the x87 is looked at, so that a call is all that an instruction costs.
/// </remarks>
internal static unsafe class X87Steps
{
    private const MethodImplOptions Once = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
    private const int ControlBits = X87Control.PrecisionMask | X87Control.RoundingMask | X87Status.Exceptions;
    private const int ControlMeets = X87Control.Extended | X87Status.Exceptions;
    private const ushort ConditionCodes = X87Status.C0 | X87Status.C1 | X87Status.C2 | X87Status.C3;

    /// <summary>FLD and FILD from memory.</summary>
    /// <typeparam name="TSource">What it holds.</typeparam>
    [MethodImpl(Once)]
    public static bool Load<TSource>(nint cpu, long bits, long rip)
        where TSource : struct, IX87Source => TSource.TryWiden(bits, out Float80 value) && TryPush(cpu, value, rip);

    /// <summary>FLD ST(i).</summary>
    [MethodImpl(Once)]
    public static bool LoadRegister(nint cpu, int number, long rip)
    {
        X87State* x87 = State(cpu);
        return !x87->IsEmpty(number) && TryPush(cpu, *Register(x87, number), rip);
    }

    /// <summary>FLD1, FLDZ.</summary>
    [MethodImpl(Once)]
    public static bool LoadConstant(nint cpu, long significand, int exponent, long rip) => TryPush(cpu, new Float80((ushort)exponent, (ulong)significand), rip);

    /// <summary>Arithmetic with memory.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <typeparam name="TSource">What memory holds.</typeparam>
    [MethodImpl(Once)]
    public static bool WithMemory<TOp, TSource>(nint cpu, long bits, long rip)
        where TOp : struct, IFloatOp
        where TSource : struct, IX87Source
    {
        X87State* x87 = State(cpu);
        Float80* top = Register(x87, 0);
        if (!IsPlain(x87) || x87->IsEmpty(0) || !TSource.TryWiden(bits, out Float80 value) || !TOp.TryNearest(*top, value, out Float80 result, out int status))
        {
            return false;
        }

        *top = result;
        Report(x87, status, rip);
        return true;
    }

    /// <summary>Arithmetic on two registers.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    [MethodImpl(Once)]
    public static bool Registers<TOp, TPop>(nint cpu, int target, int source, long rip)
        where TOp : struct, IFloatOp
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        Float80* place = Register(x87, target);
        if (!IsPlain(x87) || x87->IsEmpty(target) || x87->IsEmpty(source) || !TOp.TryNearest(*place, *Register(x87, source), out Float80 result, out int status))
        {
            return false;
        }

        *place = result;
        Report(x87, status, rip);
        Pop<TPop>(x87);
        return true;
    }

    /// <summary>FST and FIST to memory, at a host address that may be written to.</summary>
    /// <typeparam name="TTarget">What it takes.</typeparam>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    [MethodImpl(Once)]
    public static bool Store<TTarget, TPop>(nint cpu, nint host, long rip)
        where TTarget : struct, IX87Target
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        if (!IsPlain(x87) || x87->IsEmpty(0) || !TTarget.TryStore(*Register(x87, 0), host, out int status))
        {
            return false;
        }

        Report(x87, status, rip);
        Pop<TPop>(x87);
        return true;
    }

    /// <summary>FST ST(i).</summary>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    [MethodImpl(Once)]
    public static bool StoreRegister<TPop>(nint cpu, int number, long rip)
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        if (!IsPlain(x87) || x87->IsEmpty(0))
        {
            return false;
        }

        x87->Set(number, *Register(x87, 0));
        Report(x87, 0, rip);
        Pop<TPop>(x87);
        return true;
    }

    /// <summary>FXCH.</summary>
    [MethodImpl(Once)]
    public static bool Exchange(nint cpu, int number, long rip)
    {
        X87State* x87 = State(cpu);
        if (!IsPlain(x87) || x87->IsEmpty(0) || x87->IsEmpty(number))
        {
            return false;
        }

        Float80* top = Register(x87, 0);
        Float80* other = Register(x87, number);
        (*top, *other) = (*other, *top);
        Report(x87, 0, rip);
        return true;
    }

    /// <summary>FCHS, FABS: keeps some bits of the word with the sign and turns others over.</summary>
    [MethodImpl(Once)]
    public static bool ChangeSign(nint cpu, int kept, int turned, long rip)
    {
        X87State* x87 = State(cpu);
        if (!IsPlain(x87) || x87->IsEmpty(0))
        {
            return false;
        }

        Float80* top = Register(x87, 0);
        top->SignExponent = (ushort)((top->SignExponent & kept) ^ turned);
        Report(x87, 0, rip);
        return true;
    }

    /// <summary>FCOM and FUCOM with a register, to the condition codes.</summary>
    /// <typeparam name="TPop">How many are popped.</typeparam>
    [MethodImpl(Once)]
    public static bool CompareRegister<TPop>(nint cpu, int number, long rip)
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        return !x87->IsEmpty(number) && TryCompare<TPop>(x87, *Register(x87, number), rip);
    }

    /// <summary>FCOM with memory.</summary>
    /// <typeparam name="TSource">What it holds.</typeparam>
    /// <typeparam name="TPop">How many are popped.</typeparam>
    [MethodImpl(Once)]
    public static bool CompareMemory<TSource, TPop>(nint cpu, long bits, long rip)
        where TSource : struct, IX87Source
        where TPop : struct, IPop => TSource.TryWiden(bits, out Float80 value) && TryCompare<TPop>(State(cpu), value, rip);

    /// <summary>FCOMI and FUCOMI.</summary>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    /// <returns>-1, 0 or 1 as ST(0) is less, equal or greater; 2 when nothing was done.</returns>
    [MethodImpl(Once)]
    public static int CompareIntoFlags<TPop>(nint cpu, int number, long rip)
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        if (!IsPlain(x87) || x87->IsEmpty(0) || x87->IsEmpty(number) || !TryOrder(*Register(x87, 0), *Register(x87, number), out int order))
        {
            return 2;
        }

        x87->InstructionPointer = (ulong)rip; // C1 stays
        Pop<TPop>(x87);
        return order;
    }

    private static X87State* State(nint cpu) => &((CpuContext*)cpu)->State.X87;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPlain(X87State* x87) => (((x87->ControlWord & ControlBits) ^ ControlMeets) | (x87->StatusWord & X87Status.ErrorSummary)) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float80* Register(X87State* x87, int number) => (Float80*)&x87->Registers + x87->NumberOf(number);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Report(X87State* x87, int status, long rip)
    {
        x87->StatusWord = (ushort)((x87->StatusWord & ~X87Status.C1) | status);
        x87->InstructionPointer = (ulong)rip;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryPush(nint cpu, Float80 value, long rip)
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        int number = ((status >> X87Status.TopShift) - 1) & 7;
        if (!IsPlain(x87) || ((x87->NotEmpty >> number) & 1) != 0)
        {
            return false;
        }

        ((Float80*)&x87->Registers)[number] = value;
        x87->NotEmpty |= (byte)(1 << number);
        x87->StatusWord = (ushort)((status & ~(X87Status.TopMask | X87Status.C1)) | (number << X87Status.TopShift));
        x87->InstructionPointer = (ulong)rip;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pop<TPop>(X87State* x87)
        where TPop : struct, IPop
    {
        for (int i = 0; i < TPop.Count; i++)
        {
            x87->Pop();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryCompare<TPop>(X87State* x87, Float80 value, long rip)
        where TPop : struct, IPop
    {
        if (!IsPlain(x87) || x87->IsEmpty(0) || !TryOrder(*Register(x87, 0), value, out int order))
        {
            return false;
        }

        int codes = order < 0 ? X87Status.C0 : order == 0 ? X87Status.C3 : 0;
        x87->StatusWord = (ushort)((x87->StatusWord & ~ConditionCodes) | codes);
        x87->InstructionPointer = (ulong)rip;
        Pop<TPop>(x87);
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
