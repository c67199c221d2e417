using System.Numerics;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;
using KvmSharp.Operations.Conditions;

namespace KvmSharp.Instructions.Shapes;

/// <summary>LOOP, LOOPE, LOOPNE, JCXZ, JECXZ and JRCXZ. Intel SDM Vol. 2A, "LOOP/LOOPcc: Loop According to ECX Counter" and "Jcc".</summary>
/// <remarks>The address size says whether CX, ECX or RCX counts, the operand size how wide the target is.</remarks>
internal static unsafe class LoopShape
{
    private static readonly ushort Counter = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rcx);

    /// <summary>Chooses the handler of LOOP, LOOPE or LOOPNE.</summary>
    /// <typeparam name="TCondition">What must hold besides a count that is not 0.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TCondition>(ref Lowering l)
        where TCondition : struct, ICondition
    {
        BranchShape.SetTarget(ref l);
        l.Links = 2;
        l.Op->Handler = l.Instruction.Code switch
        {
            Code.Loop_rel8_16_CX or Code.Loop_rel8_32_CX or Code.Loope_rel8_16_CX or Code.Loope_rel8_32_CX
                or Code.Loopne_rel8_16_CX or Code.Loopne_rel8_32_CX => &Loop<ushort, TCondition>,
            Code.Loop_rel8_64_RCX or Code.Loope_rel8_64_RCX or Code.Loopne_rel8_64_RCX => &Loop<ulong, TCondition>,
            _ => &Loop<uint, TCondition>,
        };
    }

    /// <summary>Chooses the handler of JCXZ, JECXZ or JRCXZ.</summary>
    /// <typeparam name="T">The width of the counter.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerJumpIfZero<T>(ref Lowering l)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        BranchShape.SetTarget(ref l);
        l.Links = 2;
        l.Op->Handler = &JumpIfZero<T>;
    }

    private static MicroOp* Loop<T, TCondition>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCondition : struct, ICondition
    {
        T count = cpu->Read<T>(Counter) - T.One;
        bool taken = count != T.Zero && TCondition.Test(cpu->Flags);
        if (taken && !Branching.IsReachable(cpu, op, BranchShape.Target(cpu, op)))
        {
            return null;
        }

        cpu->Write(Counter, count);
        return taken ? BranchShape.Take(cpu, op, &op->Taken) : BranchShape.FallThrough(cpu, op);
    }

    private static MicroOp* JumpIfZero<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        cpu->Read<T>(Counter) == T.Zero ? BranchShape.Take(cpu, op, &op->Taken) : BranchShape.FallThrough(cpu, op);
}

/// <summary>LOOP asks for no flag.</summary>
internal readonly struct Always : ICondition
{
    public static uint FlagsRead => 0;

    public static bool Test(in ArithmeticFlags flags) => true;

    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => true;
}
