using System.Reflection.Emit;
using Iced.Intel;
using FlowControl = Iced.Intel.FlowControl;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Jcc, JMP, CALL and RET between blocks of the region. What leads out of it is left to the interpreter, which knows the way.</summary>
internal static class BranchTranslation
{
    private const int MostReturnSites = 6;

    /// <summary>Translates the last instruction of the block.</summary>
    /// <param name="e">The emitter.</param>
    /// <param name="following">The block whose code comes next.</param>
    /// <returns><see langword="false"/> when it leads out of the region altogether; nothing was emitted then.</returns>
    public static bool TryEmit(RegionEmitter e, RegionBlock? following)
    {
        RegionBlock block = e.Block;
        ref readonly Instruction instruction = ref e.Instruction;
        switch (instruction.FlowControl)
        {
            case FlowControl.ConditionalBranch when instruction.IsJccShortOrNear && (block.Taken ?? block.Next) is not null:
                Conditional(e, block, following);
                return true;
            case FlowControl.UnconditionalBranch when block.Taken is { } target:
                e.EmitEdge(target, following);
                return true;
            case FlowControl.Call when block.Taken is { } callee && StackTranslation.IsPlainStack(e.Mode) && instruction.StackPointerIncrement == (e.IsLong ? -8 : -4):
                e.EmitRip(block.End);
                LocalBuilder back = e.ValueA(e.IsLong ? 8 : 4);
                if (!e.IsLong)
                {
                    e.Il.Emit(OpCodes.Conv_I4);
                }

                e.Il.Emit(OpCodes.Stloc, back);
                e.EmitPush(back);
                e.EmitEdge(callee, following);
                return true;
            case FlowControl.Return when instruction.Code is Code.Retnd or Code.Retnq or Code.Retnd_imm16 or Code.Retnq_imm16:
                return TryReturn(e, instruction);
            default:
                return false;
        }
    }

    private static void Conditional(RegionEmitter e, RegionBlock block, RegionBlock? following)
    {
        int condition = (int)e.Instruction.ConditionCode - (int)ConditionCode.o;
        Label taken = block.Taken is null ? e.ExitHere(SideExitReason.Branch) : e.Il.DefineLabel();
        e.EmitBranchIf(condition, taken);
        if (block.Next is { } next)
        {
            e.EmitEdge(next, block.Taken is null ? following : null);
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
    }

    // A return to a call inside the region; any other is left to the interpreter.
    private static bool TryReturn(RegionEmitter e, in Instruction instruction)
    {
        RegionBlock[] sites = [.. e.Plan.ReturnSites.Take(MostReturnSites)];
        if (sites.Length == 0 || !StackTranslation.IsPlainStack(e.Mode) || (instruction.Code is Code.Retnq or Code.Retnq_imm16) != e.IsLong)
        {
            return false;
        }

        int size = e.IsLong ? 8 : 4;
        LocalBuilder target = e.ValueA(size);
        e.EmitStackRead(e.StackPointer, target);
        Label[] labels = [.. sites.Select(_ => e.Il.DefineLabel())];
        for (int i = 0; i < sites.Length; i++)
        {
            e.Il.Emit(OpCodes.Ldloc, target);
            e.EmitRip(sites[i].Delta);
            if (!e.IsLong)
            {
                e.Il.Emit(OpCodes.Conv_I4);
            }

            e.Il.Emit(OpCodes.Beq, labels[i]);
        }

        e.EmitExitHere(SideExitReason.Branch);
        long released = size + (instruction.OpCount == 1 ? (long)instruction.GetImmediate(0) : 0);
        for (int i = 0; i < sites.Length; i++)
        {
            e.Il.MarkLabel(labels[i]);
            e.EmitMoveStackPointer(e.StackPointer, released);
            e.EmitEdge(sites[i]);
        }

        return true;
    }
}
