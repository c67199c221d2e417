using System.Collections;

namespace KvmSharp.Machines;

/// <summary>Is told of an event. It may look at the vCPU that the event belongs to and at guest memory, and must change nothing.</summary>
/// <param name="traced">The event.</param>
/// <param name="data">All bytes that an exit moved; behind the answer when the guest reads.</param>
public delegate void TraceListener(in TraceEvent traced, ReadOnlySpan<byte> data);

/// <summary>What happens in a machine, as one sequence of typed events: to be listened to, and to be recorded and queried.</summary>
/// <remarks>
/// <para>Nobody pays while nobody listens. Listening never changes what the guest computes, nor when.</para>
/// <para>
/// The recording is bounded: the oldest events make room, <see cref="Dropped"/> counts them, and <see cref="Hash"/> stands for all.
/// In deterministic time the sequence and its hash are the same on every run and with every engine.
/// </para>
/// <para>Start, stop and query while the machine stands still; subscriptions may also come and go from a listener.</para>
/// </remarks>
public sealed class MachineTrace : IReadOnlyList<TraceEvent>
{
    /// <summary>The events that a recording keeps unless told otherwise.</summary>
    public const int DefaultCapacity = 65_536;

    private readonly Lock _gate = new();
    private readonly VirtualMachine? _vm;
    private readonly MachineObserver _observer;
    private Subscription[] _subscriptions = [];
    private TraceRing _ring = new(0);
    private TraceKinds _recorded;
    private Func<TraceEvent, bool>? _filter;
    private TraceHash _hash;
    private ulong _sequence;
    private int _wanted;

    /// <summary>Makes the trace of a machine.</summary>
    /// <param name="vm">The machine, or <see langword="null"/> for events that come from a dispatcher alone.</param>
    internal MachineTrace(VirtualMachine? vm)
    {
        _vm = vm;
        _observer = new MachineObserver(this);
    }

    /// <inheritdoc/>
    public int Count => _ring.Count;

    /// <summary>Gets how many recorded events were pushed out by later ones.</summary>
    public ulong Dropped => _ring.Dropped;

    /// <summary>Gets a number that stands for all events recorded so far, those pushed out too; 0 when there were none.</summary>
    public ulong Hash => _hash.Value;

    /// <summary>Gets or sets the guest-physical ranges whose accesses are <see cref="TraceEventKind.Memory"/> events.</summary>
    /// <exception cref="KvmException">A range is empty or leaves the address space.</exception>
    public IReadOnlyList<ObservedRange> WatchedMemory
    {
        get => _vm?.WatchedMemory ?? [];
        set => Vm.WatchedMemory = value;
    }

    private VirtualMachine Vm => _vm ?? throw new InvalidOperationException("This trace belongs to no machine.");

    /// <inheritdoc/>
    public TraceEvent this[int index] => _ring[index];

    /// <summary>Begins a recording; one that there was is forgotten.</summary>
    /// <param name="kinds">What is recorded.</param>
    /// <param name="capacity">The most events that are kept; at least 1. One takes some 140 bytes.</param>
    /// <param name="filter">Which of them are; <see langword="null"/> for all.</param>
    public void Record(TraceKinds kinds = TraceKinds.Events, int capacity = DefaultCapacity, Func<TraceEvent, bool>? filter = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        lock (_gate)
        {
            (_ring, _hash, _filter, _recorded) = (new TraceRing(capacity), default, filter, kinds);
            Apply();
        }
    }

    /// <summary>Ends the recording; what was recorded stays.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _recorded = TraceKinds.None;
            Apply();
        }
    }

    /// <summary>Listens from now on.</summary>
    /// <param name="kinds">To what.</param>
    /// <param name="listener">Called on the thread of the vCPU, or of a timer, one call at a time.</param>
    /// <returns>Ends it when it is disposed.</returns>
    public IDisposable Subscribe(TraceKinds kinds, TraceListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var subscription = new Subscription(this, kinds, listener);
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions, subscription];
            Apply();
        }

        return subscription;
    }

    /// <inheritdoc/>
    public IEnumerator<TraceEvent> GetEnumerator() => _ring.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Tells whether anybody wants events of a kind. Cheap: one load.</summary>
    /// <param name="kinds">The kinds.</param>
    /// <returns>Whether one of them is wanted.</returns>
    internal bool Wants(TraceKinds kinds) => ((TraceKinds)Volatile.Read(ref _wanted) & kinds) != 0;

    /// <summary>Tells of an event.</summary>
    /// <param name="traced">The event; its number and time are set here.</param>
    /// <param name="data">All bytes that it moved.</param>
    internal void Tell(TraceEvent traced, ReadOnlySpan<byte> data)
    {
        TraceKinds kind = traced.Kind.AsKinds();
        lock (_gate)
        {
            if (!Wants(kind))
            {
                return;
            }

            traced = traced with { Sequence = _sequence++, Time = _vm?.Clock.Now ?? 0 };
            if ((_recorded & kind) != 0 && (_filter is null || _filter(traced)))
            {
                _ring.Add(traced);
                _hash.Add(traced, data);
            }

            foreach (Subscription subscription in _subscriptions)
            {
                if ((subscription.Kinds & kind) != 0)
                {
                    subscription.Listener(traced, data);
                }
            }
        }
    }

    /// <summary>Gives where a vCPU is, if the calling thread may look at it.</summary>
    /// <param name="vcpuId">The vCPU.</param>
    /// <returns>The place, or all 0.</returns>
    internal VcpuPosition PositionOf(int vcpuId) =>
        _vm?.Vcpus[vcpuId] is { MayBeObserved: true } vcpu ? vcpu.Position : default;

    private void Apply()
    {
        TraceKinds wanted = _recorded;
        foreach (Subscription subscription in _subscriptions)
        {
            wanted |= subscription.Kinds;
        }

        Volatile.Write(ref _wanted, (int)wanted);
        if (_vm is not null)
        {
            _vm.Observer = (wanted & (TraceKinds.Interrupts | TraceKinds.Halts | TraceKinds.Memory | TraceKinds.Instructions)) != 0 ? _observer : null;
            _vm.ObservesInstructions = (wanted & TraceKinds.Instructions) != 0;
        }
    }

    private void End(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions.Where(s => s != subscription)];
            Apply();
        }
    }

    private sealed class Subscription(MachineTrace trace, TraceKinds kinds, TraceListener listener) : IDisposable
    {
        public TraceKinds Kinds => kinds;

        public TraceListener Listener => listener;

        public void Dispose() => trace.End(this);
    }
}
