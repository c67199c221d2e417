using FlowControl = Iced.Intel.FlowControl;

namespace KvmSharp.Regions;

/// <summary>How the flags are kept where each block of the region begins.</summary>
internal sealed unsafe partial class RegionEmitter
{
    // Forward, until nothing changes: a block that is reached with flags kept in two ways has to ask at run time.
    private void FindFlagKinds()
    {
        foreach (RegionBlock entry in _plan.Entries)
        {
            entry.FlagsIn = FlagKind.Canonical;
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (RegionBlock block in _plan.Blocks.Where(b => b.FlagsIn != FlagKind.Untouched))
            {
                FlagKind kind = FlagsBehind(block);
                changed |= Meet(block.Taken, kind);
                bool returns = block.HasTerminator && block.Terminator.FlowControl is FlowControl.Call or FlowControl.IndirectCall;
                if (block.Terminator.FlowControl == FlowControl.Return)
                {
                    foreach (RegionBlock site in _plan.ReturnSites)
                    {
                        changed |= Meet(site, kind);
                    }
                }
                else if (!returns)
                {
                    changed |= Meet(block.Next, kind);
                }
            }
        }

        // What no edge leads to is dead, but is emitted all the same.
        foreach (RegionBlock block in _plan.Blocks.Where(b => b.FlagsIn == FlagKind.Untouched))
        {
            block.FlagsIn = FlagKind.Dynamic;
        }
    }

    private FlagKind FlagsBehind(RegionBlock block)
    {
        FlagKind kind = block.FlagsIn;
        int count = block.HasTerminator && block.Terminator.FlowControl != FlowControl.Next ? block.Instructions.Length - 1 : block.Instructions.Length;
        for (int i = 0; i < count; i++)
        {
            FlagKind effect = Translation.FlagsOf(block.Instructions[i], block.Ops[i], Mode, block.FlagsAreDead[i]);
            kind = effect == FlagKind.Untouched ? kind : effect;
        }

        return kind;
    }

    private static bool Meet(RegionBlock? block, FlagKind kind)
    {
        if (block is null || block.FlagsIn == kind || block.FlagsIn == FlagKind.Dynamic)
        {
            return false;
        }

        block.FlagsIn = block.FlagsIn == FlagKind.Untouched ? kind : FlagKind.Dynamic;
        return true;
    }
}
