namespace KvmSharp.Engine;

/// <summary>A moment in which one vCPU alone is in the guest: for what must look indivisible and is more than one host access.</summary>
/// <remarks>
/// The owner announces itself and then looks who is in the guest; a vCPU that enters announces that first and then looks for an owner.
/// With a full fence between the two on either side, one of them sees the other (the owner's fence stands for both, see
/// <see cref="Requests"/>): so when <see cref="TryEnter"/> returns, every other vCPU is out, and it stays out. Those in the guest are asked to leave, which they do at the next block head.
/// What the owner does is a few host instructions. It takes no lock and does not leave the guest, so it never waits for a vCPU that waits for it.
/// </remarks>
/// <param name="engines">Gives the vCPUs of the machine.</param>
internal sealed class ExclusiveSection(Func<VcpuEngine[]> engines)
{
    private VcpuEngine? _owner;

    /// <summary>Begins the section, for a vCPU in the guest.</summary>
    /// <param name="self">The vCPU.</param>
    /// <returns><see langword="false"/> when another one was first: leave the guest, so that it can go on, and try again.</returns>
    public bool TryEnter(VcpuEngine self)
    {
        if (Interlocked.CompareExchange(ref _owner, self, null) is not null)
        {
            return false;
        }

        Interlocked.MemoryBarrierProcessWide();
        foreach (VcpuEngine engine in engines())
        {
            if (engine != self)
            {
                engine.Requests.WaitUntilOut();
            }
        }

        return true;
    }

    /// <summary>Ends the section.</summary>
    public void Exit() => Volatile.Write(ref _owner, null);

    /// <summary>Tells whether a vCPU must stay out of the guest.</summary>
    /// <param name="self">The vCPU, which is no owner.</param>
    /// <returns>Whether there is an owner.</returns>
    public bool Excludes(VcpuEngine self) => Volatile.Read(ref _owner) is { } owner && owner != self;

    /// <summary>Waits, out of the guest, until the section is free. It lasts about as long as others take to reach a block head.</summary>
    /// <param name="self">The vCPU.</param>
    public void WaitOutside(VcpuEngine self)
    {
        var spin = default(SpinWait);
        while (Excludes(self))
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
