using System.Reflection.Emit;
using System.Runtime.InteropServices;
using Iced.Intel;
using KvmSharp.Cpu;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Instructions that are not translated: the interpreter's own handler is called, with the registers it names in their places.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private readonly InstructionInfoFactory _infos = new();

    /// <summary>Calls the interpreter's handler of the instruction, and leaves when it does not go on behind it.</summary>
    public void EmitHandlerCall()
    {
        ref readonly Engine.MicroOp next = ref _block.Ops[_index + 1];
        Engine.MicroOp* ops = MakeHandlerOps(new() { Handler = &RegionHandlers.Return, Next = OpAddress + 1, Offset = next.Offset, Left = next.Left });
        EmitCall(ops);

        // A handler that goes on by itself has come to Return and so names the block's own micro-op; one that leaves that to its caller
        // names the copy.
        Label exit = AddHandlerExit();
        Label goesOn = Il.DefineLabel();
        Il.Emit(OpCodes.Ldloc, _exitOp);
        EmitOpAddress(ops + 1);
        Il.Emit(OpCodes.Beq, goesOn);
        Il.Emit(OpCodes.Ldloc, _exitOp);
        EmitOpAddress(OpAddress + 1);
        Il.Emit(OpCodes.Bne_Un, exit);
        Il.MarkLabel(goesOn);
        EmitLeaveIfAsked(exit);
    }

    /// <summary>Calls the handler of a repeated string instruction, which ends its block, and goes to the block behind it when it is through.</summary>
    /// <param name="next">The block behind it.</param>
    /// <param name="following">The block whose code comes next.</param>
    public void EmitRepeat(RegionBlock next, RegionBlock? following)
    {
        // The copy's link leads to a micro-op of ours, for nobody would cut it when the block that it stands for is dropped.
        Engine.MicroOp* ops = MakeHandlerOps(new() { Handler = &RegionHandlers.GoOn });
        ops->Next = ops + 1;
        EmitCall(ops);
        Label exit = AddHandlerExit();
        Il.Emit(OpCodes.Ldloc, _exitOp);
        EmitOpAddress(ops + 1);
        Il.Emit(OpCodes.Bne_Un, exit);
        EmitLeaveIfAsked(exit);
        EmitEdge(next, following);
    }

    private void EmitCall(Engine.MicroOp* ops)
    {
        ref readonly Instruction instruction = ref Instruction;
        bool touchesFlags = Translation.TouchesFlags(instruction);
        bool[] used = new bool[GeneralRegisterFile.Count];
        bool[] written = new bool[GeneralRegisterFile.Count];
        bool allVectors = NamesAllVectors(instruction.Mnemonic);
        bool[] vectors = new bool[VectorCount];
        Array.Fill(vectors, allVectors);
        foreach (UsedRegister register in _infos.GetInfo(instruction).GetUsedRegisters())
        {
            if (IsVector(register.Register))
            {
                vectors[register.Register - Register.XMM0] = true;
            }

            Register full = register.Register.GetFullRegister();
            if (full is >= Register.RAX and <= Register.R15)
            {
                used[full - Register.RAX] = true;
                written[full - Register.RAX] |= register.Access is not (OpAccess.Read or OpAccess.CondRead);
            }
        }

        for (int register = 0; register < used.Length; register++)
        {
            if (used[register])
            {
                EmitSpill(register);
            }
        }

        for (int number = 0; number < VectorCount; number++)
        {
            if (vectors[number])
            {
                EmitSpillVector(number);
            }
        }

        if (touchesFlags)
        {
            EmitCanonicalFlags();
            EmitSpillFlags(Flags);
        }

        EmitSpillRemaining();
        EmitStoreRip(_block);
        Il.Emit(OpCodes.Ldarg_0);
        EmitOpAddress(ops);
        Il.Emit(OpCodes.Ldc_I8, (long)Op.Handler);
        Il.Emit(OpCodes.Conv_I);
        Il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, typeof(nint), [typeof(nint), typeof(nint)], null);
        Il.Emit(OpCodes.Stloc, _exitOp);
        for (int register = 0; register < written.Length; register++)
        {
            if (written[register])
            {
                EmitReload(register);
            }
        }

        for (int number = 0; number < VectorCount; number++)
        {
            if (vectors[number])
            {
                EmitReloadVector(number);
                _plain[number] = PlainLanes.None;
            }
        }

        if (touchesFlags)
        {
            EmitReloadFlags();
            Flags = FlagKind.Canonical;
        }

        EmitLoadContext(ContextPlaces.Remaining, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Stloc, _remaining);
        EmitReloadTlb();
        EmitReloadRounding();
    }

    // What saves and restores state says nothing of the registers in it.
    private static bool NamesAllVectors(Mnemonic mnemonic) => mnemonic is Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64
        or Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64 or Mnemonic.Xsavec or Mnemonic.Xsavec64
        or Mnemonic.Xsaves or Mnemonic.Xsaves64 or Mnemonic.Xrstor or Mnemonic.Xrstor64 or Mnemonic.Xrstors or Mnemonic.Xrstors64;

    // A handler may go on with the next micro-op by itself, so that must not be the block's.
    private Engine.MicroOp* MakeHandlerOps(Engine.MicroOp next)
    {
        Engine.MicroOp[] ops = GC.AllocateArray<Engine.MicroOp>(2, pinned: true);
        ops[0] = Op;
        ops[1] = next;
        _plan.HandlerOps.Add(ops);
        return (Engine.MicroOp*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref ops[0]);
    }

    private Label AddHandlerExit() => AddExit(_block, op: 0, SideExitReason.Instruction, refund: 0, current: (nint)OpAddress);

    // For a request that the handler has raised, and when the region's own code was written.
    private void EmitLeaveIfAsked(Label exit)
    {
        EmitLoadContext(ContextPlaces.Pending, OpCodes.Ldind_I4);
        Il.Emit(OpCodes.Brtrue, exit);
        Il.Emit(OpCodes.Ldc_I8, (long)(nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_plan.Validity)));
        Il.Emit(OpCodes.Conv_I);
        Il.Emit(OpCodes.Ldind_I4);
        Il.Emit(OpCodes.Brfalse, exit);
    }

    private void EmitOpAddress(Engine.MicroOp* op)
    {
        Il.Emit(OpCodes.Ldc_I8, (long)op);
        Il.Emit(OpCodes.Conv_I);
    }
}
