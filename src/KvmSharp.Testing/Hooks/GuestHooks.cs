using System.Runtime.ExceptionServices;
using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>What a test wants to be called for while the guest runs. Costs nothing while there are no hooks.</summary>
/// <remarks>
/// Hooks see and never change: the guest computes the same with and without. They are called on the thread that runs the guest; one that throws
/// stops the guest behind the instruction, and the exception comes out of the task that ran it. Disposing what a member returns removes the hook.
/// </remarks>
public sealed class GuestHooks
{
    private readonly GuestMachine _machine;
    private readonly List<ObservedRange> _ranges = [];
    private ExceptionDispatchInfo? _failure;

    internal GuestHooks(GuestMachine machine) => _machine = machine;

    /// <summary>Calls for every exit that KVM would return to its embedder.</summary>
    /// <param name="hook">Gets the exit.</param>
    /// <returns>Removes the hook.</returns>
    public IDisposable OnExit(Action<VmExit> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return Add(TraceKinds.Exits, (in TraceEvent e) => hook(e.Exit));
    }

    /// <summary>Calls for accesses to ports, after the device has answered.</summary>
    /// <param name="first">The first port.</param>
    /// <param name="last">The last port.</param>
    /// <param name="hook">Gets the access.</param>
    /// <returns>Removes the hook.</returns>
    public IDisposable OnPort(ushort first, ushort last, Action<PortAccess> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return Add(TraceKinds.Ports, (in TraceEvent e) =>
        {
            if (e.Address >= first && e.Address <= last)
            {
                hook(new PortAccess(e.VcpuId, e.Position, e.Direction, (ushort)e.Address, e.Width, e.Value));
            }
        });
    }

    /// <summary>Calls for accesses to one port, after the device has answered.</summary>
    /// <param name="port">The port.</param>
    /// <param name="hook">Gets the access.</param>
    /// <returns>Removes the hook.</returns>
    public IDisposable OnPort(ushort port, Action<PortAccess> hook) => OnPort(port, port, hook);

    /// <summary>Calls for accesses to memory-mapped devices that begin in a range.</summary>
    /// <param name="start">The first guest-physical address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="hook">Gets the access.</param>
    /// <returns>Removes the hook.</returns>
    public IDisposable OnMmio(ulong start, ulong length, Action<MemoryAccess> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return Add(TraceKinds.Mmio, (in TraceEvent e) => CallIfWithin(new ObservedRange(start, length), e, hook));
    }

    /// <summary>Calls for loads and stores of RAM that touch a range. Instruction fetches, page walks and devices' own accesses are not seen.</summary>
    /// <param name="start">The first guest-physical address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="hook">Gets the access.</param>
    /// <returns>Removes the hook.</returns>
    /// <exception cref="KvmException">The range is empty or leaves the address space.</exception>
    public IDisposable OnMemory(ulong start, ulong length, Action<MemoryAccess> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        var range = new ObservedRange(start, length);
        _machine.Trace.WatchedMemory = [.. _ranges, range];
        _ranges.Add(range);
        IDisposable listening = Add(TraceKinds.Memory, (in TraceEvent e) => CallIfWithin(range, e, hook));
        return new Removal(() =>
        {
            listening.Dispose();
            _ranges.Remove(range);
            _machine.Trace.WatchedMemory = [.. _ranges];
        });
    }

    /// <summary>Calls before every instruction. The guest is interpreted meanwhile.</summary>
    /// <param name="hook">Gets the vCPU's number and where it is.</param>
    /// <returns>Removes the hook.</returns>
    public IDisposable OnInstruction(Action<InstructionStart> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return Add(TraceKinds.Instructions, (in TraceEvent e) => hook(new InstructionStart(e.VcpuId, e.Position)));
    }

    /// <summary>Calls before the instruction at one address. The guest is interpreted meanwhile.</summary>
    /// <param name="rip">RIP there: the distance from the start of the code segment, which is the linear address in flat segments.</param>
    /// <param name="hook">Gets the vCPU's number and where it is.</param>
    /// <returns>Removes the hook.</returns>
    public IDisposable OnInstruction(ulong rip, Action<InstructionStart> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return Add(TraceKinds.Instructions, (in TraceEvent e) =>
        {
            if (e.Position.Rip == rip)
            {
                hook(new InstructionStart(e.VcpuId, e.Position));
            }
        });
    }

    /// <summary>Calls for interrupts and exceptions that the guest takes.</summary>
    /// <param name="hook">Gets the event.</param>
    /// <returns>Removes the hook.</returns>
    public IDisposable OnInterrupt(Action<InterruptTaken> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return Add(TraceKinds.Interrupts, (in TraceEvent e) => hook(InterruptTaken.From(e)));
    }

    /// <summary>Throws what a hook has thrown during the run.</summary>
    internal void ThrowIfFailed()
    {
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    private static void CallIfWithin(ObservedRange range, in TraceEvent e, Action<MemoryAccess> hook)
    {
        if (e.Address < range.Start + range.Length && e.Address + (ulong)e.Width > range.Start)
        {
            hook(new MemoryAccess(e.VcpuId, e.Position, e.Direction, e.Address, e.Width, e.Value));
        }
    }

    private IDisposable Add(TraceKinds kinds, EventHook hook) => _machine.Trace.Subscribe(kinds, (in TraceEvent e, ReadOnlySpan<byte> _) =>
    {
        try
        {
            hook(e);
        }
        catch (Exception failure)
        {
            _failure ??= ExceptionDispatchInfo.Capture(failure);
            _machine.Stop();
        }
    });

    private delegate void EventHook(in TraceEvent traced);

    private sealed class Removal(Action remove) : IDisposable
    {
        private Action? _remove = remove;

        public void Dispose() => Interlocked.Exchange(ref _remove, null)?.Invoke();
    }
}
