using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>Trigonometric, logarithmic and exponential functions. Intel SDM Vol. 1, "x87 FPU Transcendental Instructions".</summary>
internal static unsafe class FpuTranscendental
{
    public static void Register(LoweringTable table)
    {
        FpuShape.AddWaiting(table, Mnemonic.F2xm1, &PowerOfTwoLessOne);
        FpuShape.AddWaiting(table, Mnemonic.Fyl2x, &TimesLog2);
        FpuShape.AddWaiting(table, Mnemonic.Fyl2xp1, &TimesLog2OfSum);
        FpuShape.AddWaiting(table, Mnemonic.Fpatan, &Arctangent);
        FpuShape.AddWaiting(table, Mnemonic.Fsin, &Sine);
        FpuShape.AddWaiting(table, Mnemonic.Fcos, &Cosine);
        FpuShape.AddWaiting(table, Mnemonic.Fsincos, &SineAndCosine);
        FpuShape.AddWaiting(table, Mnemonic.Fptan, &Tangent);
    }

    private static bool PowerOfTwoLessOne(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0) ? env.StackUnderflow() : FloatExponential.PowerOfTwoLessOne(x87.Get(0), ref env);
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(0, result);
        }

        return true;
    }

    private static bool TimesLog2(CpuContext* cpu, MicroOp* op) => OfTwo(cpu, op, &FloatLogarithm.TimesLog2);

    private static bool TimesLog2OfSum(CpuContext* cpu, MicroOp* op) => OfTwo(cpu, op, &FloatLogarithm.TimesLog2OfSum);

    private static bool Arctangent(CpuContext* cpu, MicroOp* op) => OfTwo(cpu, op, &FloatArctangent.Angle);

    // The result replaces ST(1), and ST(0) is popped.
    private static bool OfTwo(CpuContext* cpu, MicroOp* op, delegate*<Float80, Float80, ref FloatEnvironment, Float80> function)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0) || x87.IsEmpty(1) ? env.StackUnderflow() : function(x87.Get(0), x87.Get(1), ref env);
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(1, result);
            x87.Pop();
        }

        return true;
    }

    private static bool Sine(CpuContext* cpu, MicroOp* op)
    {
        var env = new FloatEnvironment(cpu->State.X87.ControlWord);
        Float80 result = TryReduce(cpu, ref env, out ReducedAngle angle, out Float80 answer) ? angle.Sine(ref env) : answer;
        return Finish(cpu, op, result, env);
    }

    private static bool Cosine(CpuContext* cpu, MicroOp* op)
    {
        var env = new FloatEnvironment(cpu->State.X87.ControlWord);
        Float80 result = TryReduce(cpu, ref env, out ReducedAngle angle, out Float80 answer) ? angle.Cosine(ref env) : answer;
        return Finish(cpu, op, result, env);
    }

    private static bool SineAndCosine(CpuContext* cpu, MicroOp* op)
    {
        var env = new FloatEnvironment(cpu->State.X87.ControlWord);
        if (!TryReducePushing(cpu, ref env, out ReducedAngle angle, out Float80 sine))
        {
            return FinishPushing(cpu, op, sine, sine, env);
        }

        sine = angle.Sine(ref env);
        ushort roundedUp = (ushort)(env.Status & X87Status.C1);
        env.Status ^= roundedUp; // C1 tells of the cosine, which is on top
        Float80 cosine = angle.Cosine(ref env);
        return FinishPushing(cpu, op, sine, cosine, env);
    }

    // The 1.0 that is pushed lets 8087 programs form a cotangent by a division.
    private static bool Tangent(CpuContext* cpu, MicroOp* op)
    {
        var env = new FloatEnvironment(cpu->State.X87.ControlWord);
        return TryReducePushing(cpu, ref env, out ReducedAngle angle, out Float80 answer)
            ? FinishPushing(cpu, op, angle.Tangent(ref env), Float80.One, env)
            : FinishPushing(cpu, op, answer, answer, env);
    }

    private static bool TryReduce(CpuContext* cpu, ref FloatEnvironment env, out ReducedAngle angle, out Float80 answer)
    {
        if (!cpu->State.X87.IsEmpty(0))
        {
            return FloatTrigonometry.TryReduce(cpu->State.X87.Get(0), ref env, out angle, out answer);
        }

        angle = default;
        answer = env.StackUnderflow();
        return false;
    }

    private static bool TryReducePushing(CpuContext* cpu, ref FloatEnvironment env, out ReducedAngle angle, out Float80 answer)
    {
        if (cpu->State.X87.IsEmpty(0) || cpu->State.X87.IsEmpty(-1))
        {
            return TryReduce(cpu, ref env, out angle, out answer);
        }

        angle = default;
        answer = env.StackOverflow();
        return false;
    }

    private static bool Finish(CpuContext* cpu, MicroOp* op, Float80 result, in FloatEnvironment env)
    {
        ref X87State x87 = ref cpu->State.X87;
        x87.StatusWord &= unchecked((ushort)~X87Status.C2);
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(0, result);
        }

        return true;
    }

    // Out of range nothing is pushed.
    private static bool FinishPushing(CpuContext* cpu, MicroOp* op, Float80 result, Float80 pushed, in FloatEnvironment env)
    {
        ref X87State x87 = ref cpu->State.X87;
        x87.StatusWord &= unchecked((ushort)~X87Status.C2);
        if (FpuErrors.Report(cpu, op, env) && (env.Status & X87Status.C2) == 0)
        {
            x87.Set(0, result);
            x87.Push(pushed);
        }

        return true;
    }
}
