using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Strings;

/// <summary>What one string instruction does in one iteration, or in several at once.</summary>
internal unsafe interface IStringOp
{
    /// <summary>Gets whether REPE and REPNE look at ZF: CMPS and SCAS.</summary>
    static abstract bool Compares { get; }

    /// <summary>Gets whether a repetition with 32-bit addresses in 64-bit mode truncates RSI and RDI before its first iteration: MOVS and STOS.</summary>
    static virtual bool TruncatesIndices => false;

    /// <summary>Gets the index registers in the order of the accesses, for <see cref="RealModeLimit"/>.</summary>
    static virtual ReadOnlySpan<byte> Accesses => [];

    /// <summary>Gets whether <see cref="Run"/> takes elements at (E)SI.</summary>
    static virtual bool UsesSource => false;

    /// <summary>Gets whether <see cref="Run"/> takes elements at (E)DI.</summary>
    static virtual bool UsesTarget => false;

    /// <summary>Gets whether it stores them.</summary>
    static virtual bool Stores => false;

    /// <summary>Checks what is checked once, even when there is nothing to do: the right to use a port.</summary>
    /// <param name="cpu">The processor; its <c>CurrentOp</c> is the instruction.</param>
    /// <param name="size">Bytes of an element.</param>
    /// <returns>Whether the instruction may go on; else a fault was raised.</returns>
    static virtual bool TryBegin(CpuContext* cpu, int size) => true;

    /// <summary>Writes index registers back when a repetition begins, as wide as the address size: seen when the first iteration faults.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    static virtual void BeginRepeat(CpuContext* cpu, MicroOp* op)
    {
    }

    /// <summary>Does one iteration or more, and moves the index registers; the counter is the caller's.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor; its <c>CurrentOp</c> is the instruction.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="most">How many iterations may be done, at least 1.</param>
    /// <returns>How many were done; 0 when a fault was raised or an exit is needed: then nothing happened.</returns>
    static abstract ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;

    /// <summary>Does iterations on plain host memory; the registers are the caller's.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor: its accumulator and flags are used.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="source">The lowest element at (E)SI, if the operation uses it.</param>
    /// <param name="target">The lowest element at (E)DI, if it uses that.</param>
    /// <param name="count">How many elements there are, at least 1.</param>
    /// <param name="backward">Whether the highest one is the first: DF.</param>
    /// <returns>How many were done; 0 when they must go one by one.</returns>
    static virtual ulong Run<T>(CpuContext* cpu, MicroOp* op, T* source, T* target, ulong count, bool backward)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => 0;
}

/// <summary>The shape of string instructions. Intel SDM Vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ: Repeat String Operation Prefix".</summary>
/// <remarks>
/// A repeated one ends its block, for it may stop between iterations: each is paid for like an instruction, and when the budget is
/// spent or a request waits, RIP stays at the instruction and the registers say what is left.
/// </remarks>
internal static unsafe class StringShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IStringOp
    {
        if (!l.Instruction.IsStringInstruction)
        {
            return; // MOVSD and CMPSD name SSE2 instructions as well
        }

        l.Op->Segment = (byte)(l.Instruction.MemorySegment - Register.ES);
        switch (l.Instruction.MemorySize.GetSize())
        {
            case 1:
                Lower<TOp, byte>(ref l);
                break;
            case 2:
                Lower<TOp, ushort>(ref l);
                break;
            case 4:
                Lower<TOp, uint>(ref l);
                break;
            default:
                Lower<TOp, ulong>(ref l);
                break;
        }
    }

    private static void Lower<TOp, T>(ref Lowering l)
        where TOp : struct, IStringOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        bool overridden = l.Instruction.SegmentPrefix is not (Register.None or Register.DS or Register.ES or Register.SS);
        if (!(TOp.UsesSource || TOp.UsesTarget) || (TOp.UsesSource && overridden))
        {
            Lower<TOp, T, SegmentedIndex>(ref l);
        }
        else if (l.Is64Bit && l.Op->AddressShift == 0)
        {
            Lower<TOp, T, LongIndex>(ref l);
        }
        else if (!l.Is64Bit && l.Op->AddressShift == 32 && (l.Mode & CodeMode.FlatData) != 0)
        {
            Lower<TOp, T, FlatIndex>(ref l);
        }
        else
        {
            Lower<TOp, T, SegmentedIndex>(ref l);
        }
    }

    private static void Lower<TOp, T, TIndex>(ref Lowering l)
        where TOp : struct, IStringOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TIndex : struct, IIndexForm
    {
        bool whileEqual = l.Instruction.HasRepePrefix;
        bool whileNotEqual = l.Instruction.HasRepnePrefix;
        l.Op->Traits |= (whileEqual ? MicroOpTraits.Rep : MicroOpTraits.None) | (whileNotEqual ? MicroOpTraits.Repne : MicroOpTraits.None);
        if (!whileEqual && !whileNotEqual)
        {
            l.Op->Handler = &Once<TOp, T, TIndex>;
            return;
        }

        l.EndsBlock = true;
        l.Links = 1;
        l.Op->Handler = &Repeat<TOp, T, TIndex>;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Once<TOp, T, TIndex>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IStringOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TIndex : struct, IIndexForm
    {
        if (TIndex.IsPlain && StringRun.TryAdvance<TOp, T, TIndex>(cpu, op, 1) != 0)
        {
            return Chain.Next(cpu, op);
        }

        cpu->CurrentOp = op;
        if (TOp.TryBegin(cpu, sizeof(T)) && TOp.Advance<T>(cpu, op, 1) != 0)
        {
            return op + 1;
        }

        if (cpu->Stop == StopReason.Fault && (cpu->State.Cr0 & Cr0.ProtectionEnable) == 0)
        {
            RealModeLimit.MoveIndices<T>(cpu, op, TOp.Accesses);
        }

        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Repeat<TOp, T, TIndex>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IStringOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TIndex : struct, IIndexForm
    {
        cpu->CurrentOp = op;
        if (!TOp.TryBegin(cpu, sizeof(T)))
        {
            return null;
        }

        bool whileEqual = (op->Traits & MicroOpTraits.Rep) != 0;
        ArithmeticFlags before = cpu->Flags;
        ulong count = TIndex.IsPlain ? TIndex.Truncate(cpu->State.General[GeneralRegisterFile.Rcx]) : StringOperands.Index(cpu, op, GeneralRegisterFile.Rcx);
        if (count != 0 && !TIndex.IsPlain)
        {
            StringOperands.SetIndex(cpu, op, GeneralRegisterFile.Rcx, count);
            TOp.BeginRepeat(cpu, op);
        }

        while (count != 0)
        {
            // The iteration under way is paid for; those that are done with it are paid for behind it.
            ulong most = Math.Min(count, (ulong)cpu->Remaining + 1);
            ulong done = TIndex.IsPlain ? StringRun.TryAdvance<TOp, T, TIndex>(cpu, op, most) : 0;
            if (done == 0)
            {
                done = TOp.Advance<T>(cpu, op, most);
            }

            if (done == 0)
            {
                cpu->Flags = before; // as silicon does: a comparison that faults leaves no trace in the flags
                if (cpu->Stop == StopReason.Fault)
                {
                    Truncate<TOp>(cpu, op, count);
                }

                return null;
            }

            count -= done;
            if (TIndex.IsPlain)
            {
                cpu->State.General[GeneralRegisterFile.Rcx] = count;
            }
            else
            {
                StringOperands.SetIndex(cpu, op, GeneralRegisterFile.Rcx, count);
            }

            cpu->Remaining -= (long)done - 1;
            if (count == 0 || (TOp.Compares && cpu->Flags.Zero != whileEqual))
            {
                break;
            }

            if (cpu->Remaining <= 0 || cpu->Pending != 0)
            {
                return Suspend(cpu, op);
            }

            cpu->Remaining--;
        }

        return BranchShape.FallThrough(cpu, op);
    }

    // Silicon again: a repetition that faults at its first iteration has used its registers at the address size already. Only in
    // 64-bit mode can that be seen.
    private static void Truncate<TOp>(CpuContext* cpu, MicroOp* op, ulong count)
        where TOp : struct, IStringOp
    {
        StringOperands.SetIndex(cpu, op, GeneralRegisterFile.Rcx, count);
        if (TOp.TruncatesIndices)
        {
            StringOperands.SetIndex(cpu, op, GeneralRegisterFile.Rsi, cpu->State.General[GeneralRegisterFile.Rsi]);
            StringOperands.SetIndex(cpu, op, GeneralRegisterFile.Rdi, cpu->State.General[GeneralRegisterFile.Rdi]);
        }
    }

    private static MicroOp* Suspend(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.Rip = (cpu->State.Rip + op->Offset) & cpu->LinearMask;
        cpu->LinkPlace = null;
        cpu->Stop = StopReason.Resynchronize;
        VcpuEngine engine = cpu->Engine;
        engine.Debugger.PassRepetition(cpu->RetiredAtEnd - (ulong)cpu->Remaining);
        if (engine.Breakpoints.HasGuestCode)
        {
            cpu->State.Rflags |= Rflags.Resume; // an instruction breakpoint here was met before the first iteration
        }

        return null;
    }
}
