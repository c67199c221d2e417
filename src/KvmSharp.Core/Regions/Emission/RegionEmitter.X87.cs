using Iced.Intel;

namespace KvmSharp.Regions;

/// <summary>What TOP will be at each instruction, if it is on entry what it was when the region was formed. Only speed depends on it.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private int _top;

    /// <summary>Gets the x87's TOP expected at the instruction at hand.</summary>
    public int X87Top => _top & 7;

    // From the first block forward, whatever comes first. Behind a call it is what the functions here return with.
    private void FindTops()
    {
        var known = new Dictionary<RegionBlock, int>();
        var waiting = new Queue<RegionBlock>();
        RegionBlock first = _plan.Blocks.First(block => block.Delta == 0);
        RegionBlock[] sites = [.. _plan.ReturnSites];
        Reach(first, _plan.X87Top);
        Follow();
        foreach (RegionBlock block in _plan.Blocks)
        {
            Reach(block.Next, known.TryGetValue(block, out int top) ? top : _plan.X87Top);
            Reach(block, _plan.X87Top);
            Follow();
        }

        void Reach(RegionBlock? block, int top)
        {
            if (block is not null && known.TryAdd(block, top))
            {
                block.X87Top = top;
                waiting.Enqueue(block);
            }
        }

        void Follow()
        {
            while (waiting.TryDequeue(out RegionBlock? block))
            {
                int top = block.X87Top + block.Instructions.Sum(instruction => instruction.GetFpuStackIncrementInfo().Increment);
                Reach(block.Taken, top);
                FlowControl flow = block.HasTerminator ? block.Terminator.FlowControl : FlowControl.Next;
                if (flow == FlowControl.Return)
                {
                    foreach (RegionBlock site in sites)
                    {
                        Reach(site, top);
                    }
                }
                else if (flow is not (FlowControl.Call or FlowControl.IndirectCall))
                {
                    Reach(block.Next, top);
                }
            }
        }
    }
}
