using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp;

/// <summary>Memory that several machines share page by page, each with its own copy of what it has written since.</summary>
public sealed unsafe partial class VirtualMachine
{
    private readonly Lock _sharing = new();

    /// <summary>Gives this machine the contents of another one's memory, without copying: a page is copied when either machine first writes to it.</summary>
    /// <param name="source">The other machine, with the same slots. It may be disposed before this one.</param>
    /// <exception cref="KvmException">The slots differ (EINVAL), or a vCPU of either machine runs or has an unfinished exit (EBUSY).</exception>
    /// <remarks>KVM leaves this to fork(2) and the host's page tables.</remarks>
    public void ShareMemoryOf(VirtualMachine source)
    {
        ArgumentNullException.ThrowIfNull(source);
        ObjectDisposedException.ThrowIf(_disposed || source._disposed, this);
        foreach (VirtualCpu vcpu in source._vcpus.Concat(_vcpus))
        {
            vcpu.RequireStopped();
        }

        SlotMemory[] before = Memory.ShareFrom(source.Memory);
        foreach (VcpuEngine engine in Volatile.Read(ref _engines))
        {
            engine.Requests.CodeWritten(0, 0);
        }

        source.FlushAll(self: null); // its pages must not be written any more where they lie
        FlushAll(self: null);
        Array.ForEach(before, static slot => slot.Dispose());
    }

    /// <summary>Gives the machine a page of its own in place of one that it shares, before somebody writes to it.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="physical">Any guest-physical address in the page.</param>
    /// <param name="writer">The vCPU that is about to write, or null for the host.</param>
    internal void MakePrivate(SlotMemory slot, ulong physical, VcpuEngine? writer)
    {
        // Out of the guest, for whoever is first waits here until all others read from the new place.
        bool inside = writer?.Requests.StepOut() ?? false;
        lock (_sharing)
        {
            if (slot.TryOwn(physical))
            {
                writer?.Mmu.ForgetPlace(physical & ~(ulong)GuestPage.OffsetMask);
                foreach (VcpuEngine engine in Volatile.Read(ref _engines))
                {
                    if (engine != writer)
                    {
                        engine.Requests.FlushAndWait();
                    }
                }
            }
        }

        writer?.Requests.StepBack(inside);
    }
}
