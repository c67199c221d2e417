namespace KvmSharp.Engine;

/// <summary>The links between blocks: a branch that knows its target goes there without the run loop.</summary>
/// <remarks>Each link is known at both ends: the place in the branch, and a record in the list of the block it leads to.</remarks>
/// <param name="arena">Holds the records.</param>
internal sealed unsafe class BlockLinks(CodeArena arena)
{
    /// <summary>Links a branch to the block it led to. The builder has seen to it that only branches within a page ask.</summary>
    /// <param name="place">Where the link is kept.</param>
    /// <param name="head">The target.</param>
    public void Connect(MicroOp** place, MicroOp* head)
    {
        Block* block = Block.OfHead(head);
        if (*place is null && block->SecondPage == 0 && (block->Mode & CodeMode.Step) == 0)
        {
            LinkRecord* link = arena.AllocateLink();
            *link = new LinkRecord { Place = place, Next = block->Incoming };
            block->Incoming = link;
            *place = head;
        }
    }

    /// <summary>Cuts the links of other blocks to one: they go to the run loop again.</summary>
    /// <param name="block">The block.</param>
    public void CutIncoming(Block* block)
    {
        for (LinkRecord* link = block->Incoming; link is not null;)
        {
            LinkRecord* next = link->Next;
            *link->Place = null;
            arena.FreeLink(link);
            link = next;
        }

        block->Incoming = null;
    }

    /// <summary>Cuts the links of a block to others.</summary>
    /// <param name="block">The block.</param>
    public void CutOutgoing(Block* block)
    {
        if (block->Links > 0)
        {
            CutOutgoing(&block->LinkOp->Next);
        }

        if (block->Links > 1)
        {
            CutOutgoing(&block->LinkOp->Taken);
        }
    }

    private void CutOutgoing(MicroOp** place)
    {
        if (*place is null)
        {
            return;
        }

        LinkRecord** link = &Block.OfHead(*place)->Incoming;
        while ((*link)->Place != place)
        {
            link = &(*link)->Next;
        }

        LinkRecord* found = *link;
        *link = found->Next;
        arena.FreeLink(found);
        *place = null;
    }
}
