using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;
using FlowControl = Iced.Intel.FlowControl;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Jcc, JMP, CALL, RET and repeated string instructions: between blocks of the region they are branches; out of it they leave for the target's block.</summary>
/// <remarks>LOOP and JCXZ, far branches, and all in 16-bit code that lead out of the region are left to the interpreter.</remarks>
internal static class BranchTranslation
{
    private const int MostReturnSites = 6;

    /// <summary>Translates the last instruction of the block.</summary>
    /// <param name="e">The emitter.</param>
    /// <param name="following">The block whose code comes next.</param>
    /// <returns><see langword="false"/> when it is left to the interpreter; nothing was emitted then.</returns>
    public static bool TryEmit(RegionEmitter e, RegionBlock? following)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        bool plainStack = StackTranslation.IsPlainStack(e.Mode);
        switch (instruction.FlowControl)
        {
            case FlowControl.ConditionalBranch when instruction.IsJccShortOrNear && (CanLeave(e) || (e.Block.Taken ?? e.Block.Next) is not null):
                Conditional(e, following);
                return true;
            case FlowControl.UnconditionalBranch when e.Block.Taken is { } target:
                e.EmitEdge(target, following);
                return true;
            case FlowControl.UnconditionalBranch when CanLeave(e) && instruction.IsJmpShortOrNear:
                LeaveForTarget(e);
                return true;
            case FlowControl.Call when plainStack && instruction.IsCallNear && IsPlainBranch(e):
                Call(e, following);
                return true;
            case FlowControl.IndirectCall when plainStack && instruction.IsCallNearIndirect && IsPlainIndirect(e):
                Indirect(e, pushes: true);
                return true;
            case FlowControl.IndirectBranch when instruction.IsJmpNearIndirect && IsPlainIndirect(e):
                Indirect(e, pushes: false);
                return true;
            case FlowControl.Return when plainStack && instruction.Code == ReturnCode(e, instruction):
                Return(e, instruction);
                return true;
            case FlowControl.Next when instruction.IsStringInstruction && e.Block.Next is { } next:
                e.EmitRepeat(next, following); // only with a prefix does one end its block
                return true;
            default:
                return false;
        }
    }

    private static void Conditional(RegionEmitter e, RegionBlock? following)
    {
        RegionBlock block = e.Block;
        bool mayLeave = CanLeave(e);
        int condition = (int)e.Instruction.ConditionCode - (int)ConditionCode.o;
        Label taken = block.Taken is null && !mayLeave ? e.ExitHere(SideExitReason.Branch) : e.Il.DefineLabel();
        e.EmitBranchIf(condition, taken);
        if (block.Next is { } next)
        {
            e.EmitEdge(next, block.Taken is null && !mayLeave ? following : null);
        }
        else if (mayLeave)
        {
            e.EmitRip(block.End);
            e.EmitLeave();
        }
        else
        {
            e.EmitExitHere(SideExitReason.Branch);
        }

        if (block.Taken is { } target)
        {
            e.Il.MarkLabel(taken);
            e.EmitEdge(target, following);
        }
        else if (mayLeave)
        {
            e.Il.MarkLabel(taken);
            LeaveForTarget(e);
        }
    }

    private static void Call(RegionEmitter e, RegionBlock? following)
    {
        if (e.Block.Taken is null)
        {
            e.EmitRip(RegionFormation.TargetOf(e.Instruction));
            e.EmitRequireReachable();
        }

        PushReturnAddress(e);
        if (e.Block.Taken is { } callee)
        {
            e.EmitEdge(callee, following);
        }
        else
        {
            e.EmitRip(RegionFormation.TargetOf(e.Instruction));
            e.EmitLeave();
        }
    }

    private static void Indirect(RegionEmitter e, bool pushes)
    {
        int size = PointerSize(e);
        LocalBuilder target = e.ValueB(size);
        InstructionTranslation.EmitOperand(e, 0, size, target);
        EmitTarget(e, target);
        e.EmitRequireReachable();
        if (pushes)
        {
            PushReturnAddress(e);
        }

        EmitTarget(e, target);
        e.EmitLeave();
    }

    // To a call inside the region it is a branch.
    private static void Return(RegionEmitter e, in Instruction instruction)
    {
        int size = PointerSize(e);
        RegionBlock[] sites = [.. e.Plan.ReturnSites.Take(MostReturnSites)];
        LocalBuilder target = e.ValueA(size);
        e.EmitStackRead(e.StackPointer, target);
        Label[] labels = [.. sites.Select(_ => e.Il.DefineLabel())];
        for (int i = 0; i < sites.Length; i++)
        {
            EmitTarget(e, target);
            e.EmitRip(sites[i].Delta);
            e.Il.Emit(OpCodes.Beq, labels[i]);
        }

        EmitTarget(e, target);
        e.EmitRequireReachable();
        long released = size + (instruction.OpCount == 1 ? (long)instruction.GetImmediate(0) : 0);
        e.EmitMoveStackPointer(e.StackPointer, released);
        EmitTarget(e, target);
        e.EmitLeave();
        for (int i = 0; i < sites.Length; i++)
        {
            e.Il.MarkLabel(labels[i]);
            e.EmitMoveStackPointer(e.StackPointer, released);
            e.EmitEdge(sites[i]);
        }
    }

    private static void LeaveForTarget(RegionEmitter e)
    {
        e.EmitRip(RegionFormation.TargetOf(e.Instruction));
        e.EmitRequireReachable();
        e.EmitRip(RegionFormation.TargetOf(e.Instruction));
        e.EmitLeave();
    }

    private static void PushReturnAddress(RegionEmitter e)
    {
        LocalBuilder back = e.ValueA(PointerSize(e));
        e.EmitRip(e.Block.End);
        if (!e.IsLong)
        {
            e.Il.Emit(OpCodes.Conv_I4);
        }

        e.Il.Emit(OpCodes.Stloc, back);
        e.EmitPush(back);
    }

    private static void EmitTarget(RegionEmitter e, LocalBuilder target)
    {
        e.Il.Emit(OpCodes.Ldloc, target);
        if (!e.IsLong)
        {
            e.Il.Emit(OpCodes.Conv_U8);
        }
    }

    private static int PointerSize(RegionEmitter e) => e.IsLong ? sizeof(ulong) : sizeof(uint);

    private static bool CanLeave(RegionEmitter e) => (e.Mode & (CodeMode.Code32 | CodeMode.Code64)) != 0 && IsPlainBranch(e);

    private static bool IsPlainBranch(RegionEmitter e) => e.Instruction.Op0Kind == (e.IsLong ? OpKind.NearBranch64 : OpKind.NearBranch32);

    private static bool IsPlainIndirect(RegionEmitter e) => (e.Mode & (CodeMode.Code32 | CodeMode.Code64)) != 0
        && (e.Instruction.Op0Kind == OpKind.Register ? e.Instruction.Op0Register.GetSize() : e.Instruction.MemorySize.GetSize()) == PointerSize(e);

    private static Code ReturnCode(RegionEmitter e, in Instruction instruction) => (e.IsLong, instruction.OpCount) switch
    {
        (true, 0) => Code.Retnq,
        (true, _) => Code.Retnq_imm16,
        (false, 0) => Code.Retnd,
        (false, _) => Code.Retnd_imm16,
    };
}
