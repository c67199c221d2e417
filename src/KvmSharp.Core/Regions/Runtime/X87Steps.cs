using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Instructions.FloatingPoint;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Regions;

/// <summary>x87 instructions as translated code calls them: for the control word after FNINIT, normal numbers and zeros, with no exception but PE.</summary>
/// <remarks>
/// Each returns whether it has carried its instruction out; if not, nothing has changed and the interpreter's handler is called. The second argument
/// is what TOP is expected to be: were registers found by the status word itself, each instruction would wait for the one before to have
/// written it. The last is what FIP becomes. Nothing here can fault, and no other register is looked at, so that a call is all that an instruction costs.
/// </remarks>
internal static unsafe partial class X87Steps
{
    private const MethodImplOptions Once = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
    private const int ControlBits = X87Control.PrecisionMask | X87Control.RoundingMask | X87Status.Exceptions;
    private const int ControlMeets = X87Control.Extended | X87Status.Exceptions;

    /// <summary>FLD and FILD from memory.</summary>
    /// <typeparam name="TSource">What it holds.</typeparam>
    [MethodImpl(Once)]
    public static bool Load<TSource>(nint cpu, int top, long bits, long rip)
        where TSource : struct, IX87Source
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return Load<TSource>(cpu, TopOf(status), bits, rip);
        }

        return TSource.TryWiden(bits, out Float80 value) && TryPush(x87, status, top, value, rip);
    }

    /// <summary>FLD ST(i).</summary>
    [MethodImpl(Once)]
    public static bool LoadRegister(nint cpu, int top, int number, long rip)
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return LoadRegister(cpu, TopOf(status), number, rip);
        }

        return Holds(x87, top + number) && TryPush(x87, status, top, *Register(x87, top + number), rip);
    }

    /// <summary>FLD1, FLDZ.</summary>
    [MethodImpl(Once)]
    public static bool LoadConstant(nint cpu, int top, long significand, int exponent, long rip)
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return LoadConstant(cpu, TopOf(status), significand, exponent, rip);
        }

        return TryPush(x87, status, top, new Float80((ushort)exponent, (ulong)significand), rip);
    }

    /// <summary>Arithmetic with memory.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <typeparam name="TSource">What memory holds.</typeparam>
    [MethodImpl(Once)]
    public static bool WithMemory<TOp, TSource>(nint cpu, int top, long bits, long rip)
        where TOp : struct, IFloatOp
        where TSource : struct, IX87Source
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return WithMemory<TOp, TSource>(cpu, TopOf(status), bits, rip);
        }

        Float80* place = Register(x87, top);
        if (!IsPlain(x87, status) || !Holds(x87, top) || !TSource.TryWiden(bits, out Float80 value) || !TOp.TryNearest(*place, value, out Float80 result, out int raised))
        {
            return false;
        }

        *place = result;
        Finish<KeepTop>(x87, status, top, raised, rip);
        return true;
    }

    /// <summary>Arithmetic on two registers.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    [MethodImpl(Once)]
    public static bool Registers<TOp, TPop>(nint cpu, int top, int target, int source, long rip)
        where TOp : struct, IFloatOp
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return Registers<TOp, TPop>(cpu, TopOf(status), target, source, rip);
        }

        Float80* place = Register(x87, top + target);
        if (!IsPlain(x87, status) || !Holds(x87, top + target) || !Holds(x87, top + source)
            || !TOp.TryNearest(*place, *Register(x87, top + source), out Float80 result, out int raised))
        {
            return false;
        }

        *place = result;
        Finish<TPop>(x87, status, top, raised, rip);
        return true;
    }

    /// <summary>FST and FIST to memory, at a host address that may be written to.</summary>
    /// <typeparam name="TTarget">What it takes.</typeparam>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    [MethodImpl(Once)]
    public static bool Store<TTarget, TPop>(nint cpu, int top, nint host, long rip)
        where TTarget : struct, IX87Target
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return Store<TTarget, TPop>(cpu, TopOf(status), host, rip);
        }

        if (!IsPlain(x87, status) || !Holds(x87, top) || !TTarget.TryStore(*Register(x87, top), host, out int raised))
        {
            return false;
        }

        Finish<TPop>(x87, status, top, raised, rip);
        return true;
    }

    /// <summary>FST ST(i).</summary>
    /// <typeparam name="TPop">Whether ST(0) is popped.</typeparam>
    [MethodImpl(Once)]
    public static bool StoreRegister<TPop>(nint cpu, int top, int number, long rip)
        where TPop : struct, IPop
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return StoreRegister<TPop>(cpu, TopOf(status), number, rip);
        }

        if (!IsPlain(x87, status) || !Holds(x87, top))
        {
            return false;
        }

        *Register(x87, top + number) = *Register(x87, top);
        x87->NotEmpty |= (byte)(1 << ((top + number) & 7));
        Finish<TPop>(x87, status, top, raised: 0, rip);
        return true;
    }

    /// <summary>FXCH.</summary>
    [MethodImpl(Once)]
    public static bool Exchange(nint cpu, int top, int number, long rip)
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return Exchange(cpu, TopOf(status), number, rip);
        }

        if (!IsPlain(x87, status) || !Holds(x87, top) || !Holds(x87, top + number))
        {
            return false;
        }

        Float80* first = Register(x87, top);
        Float80* other = Register(x87, top + number);
        (*first, *other) = (*other, *first);
        Finish<KeepTop>(x87, status, top, raised: 0, rip);
        return true;
    }

    /// <summary>FCHS, FABS: keeps some bits of the word with the sign and turns others over.</summary>
    [MethodImpl(Once)]
    public static bool ChangeSign(nint cpu, int top, int kept, int turned, long rip)
    {
        X87State* x87 = State(cpu);
        int status = x87->StatusWord;
        if (TopOf(status) != top)
        {
            return ChangeSign(cpu, TopOf(status), kept, turned, rip);
        }

        if (!IsPlain(x87, status) || !Holds(x87, top))
        {
            return false;
        }

        Float80* place = Register(x87, top);
        place->SignExponent = (ushort)((place->SignExponent & kept) ^ turned);
        Finish<KeepTop>(x87, status, top, raised: 0, rip);
        return true;
    }

    private static X87State* State(nint cpu) => &((CpuContext*)cpu)->State.X87;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int TopOf(int status) => (status >> X87Status.TopShift) & 7;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPlain(X87State* x87, int status) => (((x87->ControlWord & ControlBits) ^ ControlMeets) | (status & X87Status.ErrorSummary)) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float80* Register(X87State* x87, int number) => (Float80*)&x87->Registers + (number & 7);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Holds(X87State* x87, int number) => ((x87->NotEmpty >> (number & 7)) & 1) != 0;

    // Status word, tags and pointer at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TPop>(X87State* x87, int status, int top, int raised, long rip)
        where TPop : struct, IPop
    {
        x87->InstructionPointer = (ulong)rip;
        x87->StatusWord = (ushort)((status & ~(X87Status.C1 | X87Status.TopMask)) | raised | (((top + TPop.Count) & 7) << X87Status.TopShift));
        for (int i = 0; i < TPop.Count; i++)
        {
            x87->NotEmpty &= (byte)~(1 << ((top + i) & 7));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryPush(X87State* x87, int status, int top, Float80 value, long rip)
    {
        int number = (top - 1) & 7;
        if (!IsPlain(x87, status) || Holds(x87, number))
        {
            return false;
        }

        *Register(x87, number) = value;
        x87->NotEmpty |= (byte)(1 << number);
        Finish<KeepTop>(x87, status, number, raised: 0, rip);
        return true;
    }
}
