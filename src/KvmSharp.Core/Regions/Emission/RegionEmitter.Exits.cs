using System.Reflection.Emit;
using KvmSharp.Cpu;

namespace KvmSharp.Regions;

/// <summary>Ways in and out, and the budget.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private readonly List<Exit> _exits = [];
    private LocalBuilder _remaining = null!;
    private LocalBuilder _tlb = null!;
    private LocalBuilder _base = null!;    // RIP of the region's first block
    private LocalBuilder _exitRip = null!;
    private LocalBuilder _exitOp = null!;
    private Label _leave;
    private Label _follow;

    /// <summary>Gives the way out before the instruction under translation: the interpreter does it, from its start.</summary>
    /// <param name="reason">Why control would leave.</param>
    /// <returns>The label; the IL stack must be empty there.</returns>
    public Label ExitHere(SideExitReason reason) => AddExit(_block, (nint)OpAddress, reason, refund: 0);

    /// <summary>Leaves before the instruction under translation.</summary>
    /// <param name="reason">Why.</param>
    public void EmitExitHere(SideExitReason reason) => Il.Emit(OpCodes.Br, ExitHere(reason));

    /// <summary>Gives the way out before a block of the region.</summary>
    private Label ExitAtHead(RegionBlock target, SideExitReason reason) => AddExit(target, (nint)target.Head, reason, refund: 0);

    /// <summary>Puts RIP of the block under translation into the context, for a handler that is called.</summary>
    private void EmitStoreRip(RegionBlock block)
    {
        EmitContextAddress(CpuContext.OffsetOfRip());
        EmitRip(block.Delta);
        Il.Emit(OpCodes.Stind_I8);
    }

    /// <summary>Pushes an address of code as a long.</summary>
    /// <param name="delta">Its distance from the region's first block.</param>
    public void EmitRip(long delta)
    {
        Il.Emit(OpCodes.Ldloc, _base);
        if (delta != 0)
        {
            Il.Emit(OpCodes.Ldc_I8, delta);
            Il.Emit(OpCodes.Add);
        }

        if (!IsLong)
        {
            Il.Emit(OpCodes.Conv_U4);
            Il.Emit(OpCodes.Conv_U8);
        }
    }

    /// <summary>Pushes where the instruction under translation begins, as the interpreter's handlers have it.</summary>
    public void EmitInstructionRip()
    {
        EmitRip(_block.Delta);
        if (Op.Offset != 0)
        {
            Il.Emit(OpCodes.Ldc_I8, (long)Op.Offset);
            Il.Emit(OpCodes.Add);
        }
    }

    /// <summary>Pushes RFLAGS as an int, without the arithmetic flags.</summary>
    public void EmitReadRflags() => EmitLoadContext(ContextPlaces.Rflags, OpCodes.Ldind_I4);

    private void EmitContextAddress(int place)
    {
        Il.Emit(OpCodes.Ldarg_0);
        Il.Emit(OpCodes.Ldc_I4, place);
        Il.Emit(OpCodes.Add);
    }

    private void EmitLoadContext(int place, OpCode load)
    {
        EmitContextAddress(place);
        Il.Emit(load);
    }

    private void EmitEntries()
    {
        Label[] labels = [.. _plan.Entries.Select(_ => Il.DefineLabel())];
        EmitReloadAll();
        if (labels.Length > 1)
        {
            Il.Emit(OpCodes.Ldarg_1);
            Il.Emit(OpCodes.Switch, labels);
        }

        for (int i = 0; i < labels.Length; i++)
        {
            Il.MarkLabel(labels[i]);
            EmitLoadContext(CpuContext.OffsetOfRip(), OpCodes.Ldind_I8);
            Il.Emit(OpCodes.Ldc_I8, _plan.Entries[i].Delta);
            Il.Emit(OpCodes.Sub);
            Il.Emit(OpCodes.Stloc, _base);
            if (_plan.Entries[i].FlagsIn == FlagKind.Dynamic)
            {
                Il.Emit(OpCodes.Ldc_I4, FlagKind.Canonical.Value);
                Il.Emit(OpCodes.Stloc, _flagKind);
            }

            Il.Emit(OpCodes.Br, _plan.Entries[i].Label);
        }
    }

    private void EmitReloadAll()
    {
        EmitLoadContext(ContextPlaces.Remaining, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Stloc, _remaining);
        EmitReloadTlb();
        EmitReloadRounding();
        EmitReloadFlags();
        for (int register = 0; register < GeneralRegisterFile.Count; register++)
        {
            EmitReload(register);
        }

        for (int number = 0; number < VectorCount; number++)
        {
            EmitReloadVector(number);
        }
    }

    private void EmitReloadTlb()
    {
        EmitLoadContext(ContextPlaces.Tlb, OpCodes.Ldind_I);
        Il.Emit(OpCodes.Stloc, _tlb);
    }

    // The whole block is paid for, as its head would do.
    private void EmitPayment()
    {
        Il.Emit(OpCodes.Ldloc, _remaining);
        Il.Emit(OpCodes.Ldc_I8, (long)_block.Instructions.Length);
        Il.Emit(OpCodes.Sub);
        Il.Emit(OpCodes.Stloc, _remaining);
        Il.Emit(OpCodes.Ldloc, _remaining);
        Il.Emit(OpCodes.Ldc_I8, 0L);
        Il.Emit(OpCodes.Blt, AddExit(_block, (nint)_block.Head, SideExitReason.Request, refund: _block.Instructions.Length));
    }

    private Label AddExit(RegionBlock block, nint op, SideExitReason reason, int refund, nint current = 0)
    {
        var exit = new Exit(Il.DefineLabel(), block.Delta, op, current, reason, refund, Flags);
        _exits.Add(exit);
        return exit.Label;
    }

    private void EmitExits()
    {
        foreach (Exit exit in _exits)
        {
            Il.MarkLabel(exit.Label);
            if (exit.Refund != 0)
            {
                Il.Emit(OpCodes.Ldloc, _remaining);
                Il.Emit(OpCodes.Ldc_I8, (long)exit.Refund);
                Il.Emit(OpCodes.Add);
                Il.Emit(OpCodes.Stloc, _remaining);
            }

            if (exit.Flags.IsStatic)
            {
                Il.Emit(OpCodes.Ldc_I4, exit.Flags.Value);
                Il.Emit(OpCodes.Stloc, _flagKind);
            }

            EmitCount(exit.Reason);
            if (exit.Op != 0)
            {
                Il.Emit(OpCodes.Ldc_I8, exit.Op);
                Il.Emit(OpCodes.Conv_I);
                Il.Emit(OpCodes.Stloc, _exitOp);
                EmitRip(exit.Delta);
            }
            else
            {
                EmitContextAddress(ContextPlaces.CurrentOp);
                Il.Emit(OpCodes.Ldc_I8, exit.Current);
                Il.Emit(OpCodes.Stind_I8);
                EmitLoadContext(CpuContext.OffsetOfRip(), OpCodes.Ldind_I8);
            }

            Il.Emit(OpCodes.Stloc, _exitRip);
            Il.Emit(OpCodes.Br, _leave);
        }

        Il.MarkLabel(_leave);
        EmitSpillAll();
        Il.Emit(OpCodes.Ldloc, _exitOp);
        Il.Emit(OpCodes.Ret);

        Il.MarkLabel(_follow);
        EmitSpillAll();
        EmitFollow();
    }

    /// <summary>Leaves for the address on the IL stack, a long: the branch under translation is complete.</summary>
    public void EmitLeave()
    {
        FlagKind before = Flags; // the other way of a conditional branch has them as they were
        Il.Emit(OpCodes.Stloc, _exitRip);
        EmitCanonicalFlags();
        SpillFlagKind();
        EmitCount(SideExitReason.Branch);
        Il.Emit(OpCodes.Br, _follow);
        Flags = before;
    }

    /// <summary>Leaves before the branch under translation, which raises the fault, unless RIP may have the value on the IL stack; takes it.</summary>
    public void EmitRequireReachable()
    {
        EmitLoadContext(ContextPlaces.CodeBias, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Add);
        EmitLoadContext(ContextPlaces.CodeLimit, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Bgt_Un, ExitHere(SideExitReason.Instruction));
    }

    // Straight into the region at the target, if there is one that may be entered; a tail call, so that no frames pile up.
    private void EmitFollow()
    {
        Label outside = Il.DefineLabel();
        Il.Emit(OpCodes.Ldarg_0);
        Il.Emit(OpCodes.Call, typeof(RegionHandlers).GetMethod(nameof(RegionHandlers.Follow))!);
        Il.Emit(OpCodes.Stloc, _entry);
        Il.Emit(OpCodes.Ldloc, _entry);
        Il.Emit(OpCodes.Brfalse, outside);
        Il.Emit(OpCodes.Ldarg_0);
        Il.Emit(OpCodes.Ldloc, _entry);
        Il.Emit(OpCodes.Ldc_I4, sizeof(nint)); // RegionEntry.Index
        Il.Emit(OpCodes.Add);
        Il.Emit(OpCodes.Ldind_I4);
        Il.Emit(OpCodes.Ldloc, _entry);
        Il.Emit(OpCodes.Ldind_I);
        Il.Emit(OpCodes.Tailcall);
        Il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, typeof(nint), [typeof(nint), typeof(int)], null);
        Il.Emit(OpCodes.Ret);
        Il.MarkLabel(outside);
        EmitLoadContext(ContextPlaces.FollowedTo, OpCodes.Ldind_I);
        Il.Emit(OpCodes.Ret);
    }

    private void EmitSpillAll()
    {
        for (int register = 0; register < GeneralRegisterFile.Count; register++)
        {
            EmitSpill(register);
        }

        for (int number = 0; number < VectorCount; number++)
        {
            EmitSpillVector(number);
        }

        EmitSpillFlags(FlagKind.Dynamic);
        EmitContextAddress(CpuContext.OffsetOfRip());
        Il.Emit(OpCodes.Ldloc, _exitRip);
        Il.Emit(OpCodes.Stind_I8);
        EmitSpillRemaining();
    }

    private void EmitSpillRemaining()
    {
        EmitContextAddress(ContextPlaces.Remaining);
        Il.Emit(OpCodes.Ldloc, _remaining);
        Il.Emit(OpCodes.Stind_I8);
    }

    private void EmitCount(SideExitReason reason)
    {
        EmitContextAddress(ContextPlaces.SideExits + ((int)reason * sizeof(ulong)));
        Il.Emit(OpCodes.Dup);
        Il.Emit(OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Ldc_I4_1);
        Il.Emit(OpCodes.Conv_I8);
        Il.Emit(OpCodes.Add);
        Il.Emit(OpCodes.Stind_I8);
    }

    /// <summary>One way out. An <paramref name="Op"/> of 0 stands for what a handler has returned, and left in RIP; <paramref name="Current"/> is its instruction.</summary>
    private readonly record struct Exit(Label Label, long Delta, nint Op, nint Current, SideExitReason Reason, int Refund, FlagKind Flags);
}
