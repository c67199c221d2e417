namespace KvmSharp;

/// <summary>Where the vCPU is.</summary>
public sealed unsafe partial class VirtualCpu
{
    /// <summary>Gets where the vCPU is, exact also inside an exit handler. On the thread that runs it, or while it does not run.</summary>
    public VcpuPosition Position => _engine.Position;

    /// <summary>Gets a value indicating whether the calling thread runs this vCPU, or nobody does: its state may be looked at.</summary>
    public bool MayBeObserved => Volatile.Read(ref _runner) is null || IsRunHere;

    /// <summary>Translates a linear address for a kind of access, without touching Accessed and Dirty.</summary>
    /// <param name="linear">The linear address.</param>
    /// <param name="access">The access: it decides which right the entries must give.</param>
    /// <returns>The translation with every entry met on the walk; <see cref="Translation.ErrorCode"/> is that of the page fault.</returns>
    public Translation Translate(ulong linear, TranslationAccess access)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        Span<Paging.WalkStep> steps = stackalloc Paging.WalkStep[4];
        Paging.WalkResult walk = _engine.Mmu.Look(linear, PageAccessOf(access), steps);
        return Translation.From(linear, walk, steps[..walk.Steps]);
    }

    private static Paging.PageAccess PageAccessOf(TranslationAccess access) =>
        ((access & TranslationAccess.Write) != 0 ? Paging.PageAccess.Write : Paging.PageAccess.Read)
        | ((access & TranslationAccess.User) != 0 ? Paging.PageAccess.User : Paging.PageAccess.Read)
        | ((access & TranslationAccess.Execute) != 0 ? Paging.PageAccess.Execute : Paging.PageAccess.Read);
}
