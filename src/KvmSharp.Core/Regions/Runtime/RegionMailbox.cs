using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>Where compiled regions wait until their vCPU looks.</summary>
internal sealed class RegionMailbox(Requests requests)
{
    private readonly ConcurrentQueue<Region> _done = new();

    /// <summary>Takes a region that has been compiled, or has turned out not to be worth it.</summary>
    public bool TryTake([MaybeNullWhen(false)] out Region region) => _done.TryDequeue(out region);

    /// <summary>Leaves a region and tells the vCPU. Any thread.</summary>
    public void Leave(Region region)
    {
        _done.Enqueue(region);
        requests.Raise(PendingWork.Translation);
    }
}
