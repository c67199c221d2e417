using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>Translates a region to IL: guest registers become locals, branches between its blocks become branches.</summary>
/// <remarks>
/// There is one kind of way out: the micro-op at which the interpreter goes on, with everything in the context as if it had come there by
/// itself. So a miss of the TLB, a fault, a device or an instruction that is not translated needs no code here. The parts, by subject:
/// <c>.Registers</c>, <c>.Memory</c>, <c>.Flags</c>, <c>.Exits</c>; the instructions are in the classes of the folder <c>Groups</c>.
/// </remarks>
internal sealed unsafe partial class RegionEmitter
{
    private readonly RegionPlan _plan;
    private readonly DynamicMethod _method;
    private RegionBlock _block = null!;
    private int _index;

    public RegionEmitter(RegionPlan plan)
    {
        _plan = plan;
        IsLong = (plan.Mode & CodeMode.Code64) != 0;
        _method = new DynamicMethod($"region {plan.Blocks[0].Delta:X}", typeof(nint), [typeof(nint), typeof(int)], typeof(RegionEmitter).Module, skipVisibility: true)
        {
            InitLocals = false,
        };
        Il = _method.GetILGenerator(4096);
        DeclareLocals();
    }

    /// <summary>Gets where IL goes.</summary>
    public ILGenerator Il { get; }

    /// <summary>Gets a value indicating whether this is 64-bit code: guest registers are long locals then, else int.</summary>
    public bool IsLong { get; }

    /// <summary>Gets what the code was decoded for.</summary>
    public uint Mode => _plan.Mode;

    /// <summary>Gets the region's return sites and their blocks.</summary>
    public RegionPlan Plan => _plan;

    /// <summary>Gets the block being translated.</summary>
    public RegionBlock Block => _block;

    /// <summary>Gets the instruction being translated.</summary>
    public ref readonly Instruction Instruction => ref _block.Instructions[_index];

    /// <summary>Gets its micro-op as it was when the region was formed.</summary>
    public ref readonly MicroOp Op => ref _block.Ops[_index];

    /// <summary>Gets the address of its micro-op.</summary>
    public MicroOp* OpAddress => _block.FirstOp + _index;

    /// <summary>Gets a value indicating whether nobody can see the flags that the instruction leaves.</summary>
    public bool FlagsAreDead => _block.FlagsAreDead[_index];

    /// <summary>Translates the region.</summary>
    /// <returns>The method, not compiled yet.</returns>
    public DynamicMethod Emit()
    {
        FindFlagKinds();
        FindTops();
        foreach (RegionBlock block in _plan.Blocks)
        {
            block.Label = Il.DefineLabel();
        }

        EmitEntries();
        for (int i = 0; i < _plan.Blocks.Length; i++)
        {
            EmitBlock(_plan.Blocks[i], i + 1 < _plan.Blocks.Length ? _plan.Blocks[i + 1] : null);
        }

        EmitDetours();
        EmitExits();
        return _method;
    }

    /// <summary>Goes to a block of the region from the present place.</summary>
    /// <param name="target">The block.</param>
    /// <param name="following">The block whose code comes next, so that no branch is needed to it.</param>
    public void EmitEdge(RegionBlock target, RegionBlock? following = null)
    {
        if (target.FlagsIn == FlagKind.Dynamic)
        {
            SpillFlagKind();
        }

        if (target.Delta <= _block.Delta)
        {
            // Only a volatile read is read each time round.
            Il.Emit(OpCodes.Ldarg_0);
            Il.Emit(OpCodes.Ldc_I4, ContextPlaces.Pending);
            Il.Emit(OpCodes.Add);
            Il.Emit(OpCodes.Volatile);
            Il.Emit(OpCodes.Ldind_I4);
            Il.Emit(OpCodes.Brtrue, ExitAtHead(target, SideExitReason.Request));
        }

        if (target != following)
        {
            Il.Emit(OpCodes.Br, target.Label);
        }
    }

    private void EmitBlock(RegionBlock block, RegionBlock? following)
    {
        _block = block;
        _index = 0;
        Flags = block.FlagsIn;
        Array.Clear(_plain);
        _top = block.X87Top;
        Il.MarkLabel(block.Label);
        EmitPayment();
        int plain = block.HasTerminator ? block.Instructions.Length - 1 : block.Instructions.Length;
        for (; _index < plain; _index++)
        {
            if (!Translation.TryEmit(this))
            {
                EmitHandlerCall();
            }

            ForgetPlain();
            _top += Instruction.GetFpuStackIncrementInfo().Increment;
        }

        if (block.HasTerminator)
        {
            if (!BranchTranslation.TryEmit(this, following))
            {
                EmitExitHere(SideExitReason.Instruction);
            }
        }
        else if (block.Next is { } next)
        {
            EmitEdge(next, following);
        }
        else
        {
            EmitRip(block.End);
            EmitLeave();
        }
    }
}
