using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations.Simd;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>The shape of almost all MMX and SSE instructions: "op target, source", on XMM, MMX and general registers and memory.</summary>
/// <remarks>The operands' kinds are read off the decoded instruction, the width of memory too. Faults are met in order; the target is written last.</remarks>
internal static unsafe class VectorShape
{
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IVectorOp => Lower<Plain<TOp>, Plain<TOp>>(ref l, aligned: true);

    /// <summary>Lowers an instruction whose MMX form is another operation.</summary>
    /// <typeparam name="TXmm">The operation on XMM registers.</typeparam>
    /// <typeparam name="TMmx">The operation on MMX registers.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerEither<TXmm, TMmx>(ref Lowering l)
        where TXmm : struct, IVectorOp
        where TMmx : struct, IVectorOp => Lower<Plain<TXmm>, Plain<TMmx>>(ref l, aligned: true);

    /// <summary>Lowers an instruction whose memory operand may lie anywhere.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerUnaligned<TOp>(ref Lowering l)
        where TOp : struct, IVectorOp => Lower<Plain<TOp>, Plain<TOp>>(ref l, aligned: false);

    public static void LowerControlled<TOp>(ref Lowering l)
        where TOp : struct, IControlledVectorOp => Lower<Controlled<TOp>, Controlled<TOp>>(ref l, aligned: true);

    public static void LowerControlledEither<TXmm, TMmx>(ref Lowering l)
        where TXmm : struct, IControlledVectorOp
        where TMmx : struct, IControlledVectorOp => Lower<Controlled<TXmm>, Controlled<TMmx>>(ref l, aligned: true);

    public static void LowerMasked<TOp>(ref Lowering l)
        where TOp : struct, IMaskedVectorOp => Lower<Masked<TOp>, Masked<TOp>>(ref l, aligned: true);

    public static void LowerFloat<TOp>(ref Lowering l)
        where TOp : struct, IVectorFloatOp => Lower<Rounded<TOp>, Rounded<TOp>>(ref l, aligned: true);

    /// <summary>Lowers a comparison whose result goes to the flags.</summary>
    /// <typeparam name="TStep">The comparison.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerTest<TStep>(ref Lowering l)
        where TStep : struct, IVectorStep => LowerTest<TStep>(ref l, aligned: true);

    /// <summary>Lowers a comparison whose result goes to the flags.</summary>
    /// <typeparam name="TStep">The comparison.</typeparam>
    /// <param name="l">The instruction.</param>
    /// <param name="aligned">Whether memory must be aligned.</param>
    public static void LowerTest<TStep>(ref Lowering l, bool aligned)
        where TStep : struct, IVectorStep
    {
        if (VectorAvailability.TryUse(ref l))
        {
            l.FillOperands();
            ChooseSource<TStep, ToFlags>(ref l, aligned);
        }
    }

    private static void Lower<TXmm, TMmx>(ref Lowering l, bool aligned)
        where TXmm : struct, IVectorStep
        where TMmx : struct, IVectorStep
    {
        if (!VectorAvailability.TryUse(ref l))
        {
            return;
        }

        l.FillOperands();
        Register target = l.Instruction.Op0Register;
        if (l.IsMemory(0))
        {
            ChooseMemory<TXmm, TMmx>(ref l, aligned);
        }
        else if (target.IsMM())
        {
            ChooseSource<TMmx, ToMmx>(ref l, aligned);
        }
        else if (target.IsXMM())
        {
            ChooseSource<TXmm, ToXmm>(ref l, aligned);
        }
        else
        {
            ChooseGeneral<TXmm, TMmx>(ref l, target.GetSize());
        }
    }

    private static void ChooseGeneral<TXmm, TMmx>(ref Lowering l, int width)
        where TXmm : struct, IVectorStep
        where TMmx : struct, IVectorStep
    {
        bool mmx = l.Instruction.Op1Register.IsMM();
        if (width == sizeof(ulong))
        {
            if (mmx)
            {
                l.Op->Handler = &Run<TMmx, FromMmx, ToGeneral<ulong>>;
            }
            else
            {
                ChooseSource<TXmm, ToGeneral<ulong>>(ref l, aligned: true);
            }
        }
        else if (mmx)
        {
            l.Op->Handler = &Run<TMmx, FromMmx, ToGeneral<uint>>;
        }
        else
        {
            ChooseSource<TXmm, ToGeneral<uint>>(ref l, aligned: true);
        }
    }

    private static void ChooseSource<TStep, TTarget>(ref Lowering l, bool aligned)
        where TStep : struct, IVectorStep
        where TTarget : struct, IVectorTarget
    {
        if (l.HasMemory)
        {
            l.Op->Handler = l.Instruction.MemorySize.GetSize() switch
            {
                1 => &Run<TStep, FromUnaligned<byte>, TTarget>,
                2 => &Run<TStep, FromUnaligned<ushort>, TTarget>,
                4 => &Run<TStep, FromUnaligned<uint>, TTarget>,
                8 => &Run<TStep, FromUnaligned<ulong>, TTarget>,
                _ => aligned ? &Run<TStep, FromAligned, TTarget> : &Run<TStep, FromUnaligned<Vector128<byte>>, TTarget>,
            };
            return;
        }

        Register source = l.Instruction.Op1Register;
        if (source == Register.None)
        {
            l.Op->Handler = &Run<TStep, FromControl, TTarget>;
        }
        else if (source.IsXMM())
        {
            l.Op->Handler = &Run<TStep, FromXmm, TTarget>;
        }
        else if (source.IsMM())
        {
            l.Op->Handler = &Run<TStep, FromMmx, TTarget>;
        }
        else
        {
            l.Op->Handler = source.GetSize() == sizeof(ulong) ? &Run<TStep, FromGeneral<ulong>, TTarget> : &Run<TStep, FromGeneral<uint>, TTarget>;
        }
    }

    private static void ChooseMemory<TXmm, TMmx>(ref Lowering l, bool aligned)
        where TXmm : struct, IVectorStep
        where TMmx : struct, IVectorStep
    {
        l.Op->Src = RegisterOffsets.Of(l.Instruction.Op1Register);
        bool mmx = l.Instruction.Op1Register.IsMM();
        l.Op->Handler = l.Instruction.MemorySize.GetSize() switch
        {
            1 => &Run<TXmm, FromXmm, ToMemory<byte>>,
            2 => &Run<TXmm, FromXmm, ToMemory<ushort>>,
            4 => mmx ? &Run<TMmx, FromMmx, ToMemory<uint>> : &Run<TXmm, FromXmm, ToMemory<uint>>,
            8 => mmx ? &Run<TMmx, FromMmx, ToMemory<ulong>> : &Run<TXmm, FromXmm, ToMemory<ulong>>,
            _ => aligned ? &Run<TXmm, FromXmm, ToAligned> : &Run<TXmm, FromXmm, ToMemory<Vector128<byte>>>,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Run<TStep, TSource, TTarget>(CpuContext* cpu, MicroOp* op)
        where TStep : struct, IVectorStep
        where TSource : struct, IVectorSource
        where TTarget : struct, IVectorTarget
    {
        bool mmx = TSource.IsMmx || TTarget.IsMmx;
        if ((mmx && !MmxState.TryUse(cpu, op)) || !TSource.TryRead(cpu, op, out Vector128<byte> b))
        {
            return null;
        }

        // An operation that raises #XM has entered MMX; an access to memory that faults has not.
        bool done = TStep.TryApply(cpu, op, TTarget.Read(cpu, op), b, out Vector128<byte> result);
        if (done && !TTarget.TryWrite(cpu, op, result))
        {
            return null;
        }

        if (mmx)
        {
            MmxState.Enter(cpu);
        }

        return done ? op + 1 : null;
    }
}
