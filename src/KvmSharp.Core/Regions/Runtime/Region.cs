using System.Runtime.CompilerServices;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>A region from the moment it is formed: on its way to the compiler, in place, or dropped.</summary>
internal sealed unsafe class Region(RegionPlan plan)
{
    private RegionEntry[] _entries = []; // pinned: heads of blocks point there

    public RegionPlan Plan => plan;

    /// <summary>Gets or sets the translated code, kept here so that it is not collected; null when translating failed.</summary>
    public RegionCode? Code { get; set; }

    /// <summary>Gets or sets a value indicating whether blocks of it have gone: it must not be put in place, or entered again.</summary>
    public bool IsDropped { get; set; }

    /// <summary>Puts the code in place: the heads of its entries lead there.</summary>
    /// <param name="number">The region's number in its translator.</param>
    public void Install(int number)
    {
        RegionBlock[] entries = plan.Entries;
        _entries = GC.AllocateArray<RegionEntry>(entries.Length, pinned: true);
        plan.Validity[0] = 1;
        for (int i = 0; i < entries.Length; i++)
        {
            RegionBlock block = entries[i];
            _entries[i] = new RegionEntry
            {
                Code = (delegate*<nint, int, nint>)Code!.EntryPoint,
                Index = i,
                OtherPages = plan.OtherPages.Length,
                First = plan.Blocks[0].Delta - block.Delta,
                Last = plan.Blocks.Max(b => b.End) - 1 - block.Delta,
                Region = number,
            };
            MicroOp* head = block.Head;
            if ((nint)head->Handler != (nint)RegionHandlers.EnterHandler)
            {
                head->Entry = EntryAt(i);
                head->Handler = RegionHandlers.EnterHandler;
            }
        }
    }

    /// <summary>Makes every way in lead to the interpreter again. The code may be running: it leaves at the next look.</summary>
    /// <param name="countdown">When the blocks count as hot again.</param>
    public void Drop(uint countdown)
    {
        IsDropped = true;
        plan.Validity[0] = 0;
        for (int i = 0; i < _entries.Length; i++)
        {
            MicroOp* head = plan.Entries[i].Head;
            if ((nint)head->Handler == (nint)RegionHandlers.EnterHandler && head->Entry == EntryAt(i))
            {
                head->Entry = null;
                head->Countdown = countdown;
                head->Handler = &RegionHandlers.Count;
            }
        }
    }

    private RegionEntry* EntryAt(int index) => (RegionEntry*)Unsafe.AsPointer(ref _entries[index]);
}
