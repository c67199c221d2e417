using System.Runtime.CompilerServices;
using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>What other threads ask of a vCPU, and how they wait until it no longer touches guest memory with old translations.</summary>
/// <remarks>
/// A request is a bit that every block head tests. The vCPU is "in the guest" only while it may use translations: not in an exit
/// handler, not halted, not outside <c>Run</c>. Whoever changes mappings asks all others to flush and waits until each has, or
/// is out of the guest, from where it cannot come back without looking.
/// The vCPU leaves and enters at every exit that is handled in place, the others ask now and then, so the fence that both sides need
/// between their write and their read (see <see cref="ExclusiveSection"/>) is paid for by those who ask: they issue one for all threads
/// of the process (<see cref="Interlocked.MemoryBarrierProcessWide"/>). The vCPU does with a plain write and a plain read in program order:
/// when the barrier comes before the write has reached memory, the read comes behind it and finds the request.
/// </remarks>
internal sealed unsafe class Requests(VcpuEngine engine)
{
    private readonly CpuContext* _cpu = engine.Cpu;
    private readonly ExclusiveSection _exclusive = engine.Machine.Exclusive;
    private readonly Lock _gate = new();
    private readonly List<(ulong Physical, int Length)> _written = [];
    private readonly object _wake = new();
    private int _inGuest;
    private int _flushTicket;
    private int _flushDone;
    private int _kicked;
    private int _interruptLine;
    private int _systemEvent;
    private bool _everythingWritten;

    /// <summary>Gets a value indicating whether INTR is asserted.</summary>
    public bool InterruptLine => Volatile.Read(ref _interruptLine) != 0;

    /// <summary>Gets a value indicating whether a kick is waiting.</summary>
    public bool IsKicked => Volatile.Read(ref _kicked) != 0;

    /// <summary>Gets or sets a value indicating whether the next <c>Run</c> shall end at once.</summary>
    public bool ImmediateExit
    {
        get => Volatile.Read(ref field);
        set
        {
            Volatile.Write(ref field, value);
            if (value)
            {
                Raise(PendingWork.Leave);
            }
        }
    }

    /// <summary>Gets or sets the token of the present run.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>Sets bits and wakes the vCPU if it is halted. Any thread.</summary>
    /// <param name="work">What to look at.</param>
    public void Raise(PendingWork work)
    {
        Interlocked.Or(ref engine.Cpu->Pending, (int)work);
        if (Volatile.Read(ref _inGuest) == 0)
        {
            lock (_wake)
            {
                Monitor.PulseAll(_wake);
            }
        }
    }

    public bool Has(PendingWork work) => (Volatile.Read(ref _cpu->Pending) & (int)work) != 0;

    public void Clear(PendingWork work) => Interlocked.And(ref engine.Cpu->Pending, ~(int)work);

    public void Kick()
    {
        Volatile.Write(ref _kicked, 1);
        Raise(PendingWork.Leave);
    }

    public bool TakeKick() => Interlocked.Exchange(ref _kicked, 0) != 0;

    public void RaiseSystemEvent(SystemEventType type)
    {
        Volatile.Write(ref _systemEvent, (int)type);
        Raise(PendingWork.SystemEvent);
    }

    /// <summary>Gets the system event that waits, if one does.</summary>
    public SystemEventType SystemEvent => (SystemEventType)Volatile.Read(ref _systemEvent);

    public SystemEventType TakeSystemEvent() => (SystemEventType)Interlocked.Exchange(ref _systemEvent, 0);

    public void DriveInterruptLine(bool asserted)
    {
        if (Interlocked.Exchange(ref _interruptLine, asserted ? 1 : 0) == 0 && asserted)
        {
            Raise(PendingWork.Interrupt);
        }
    }

    /// <summary>Waits, out of the guest, until a request comes.</summary>
    public void WaitForWork()
    {
        LeaveGuest();
        lock (_wake)
        {
            while (Volatile.Read(ref _cpu->Pending) == 0)
            {
                Monitor.Wait(_wake);
            }
        }

        EnterGuest();
    }

    public void LeaveGuest() => Volatile.Write(ref _inGuest, 0);

    /// <summary>Leaves the guest if the vCPU is in it: what follows may wait for a lock whose owner waits for this vCPU.</summary>
    /// <returns>What <see cref="StepBack"/> needs.</returns>
    public bool StepOut()
    {
        bool inside = Volatile.Read(ref _inGuest) != 0;
        LeaveGuest();
        return inside;
    }

    /// <summary>Goes back to where the vCPU was.</summary>
    /// <param name="inside">What <see cref="StepOut"/> gave.</param>
    public void StepBack(bool inside)
    {
        if (inside)
        {
            EnterGuest();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnterGuest()
    {
        Volatile.Write(ref _inGuest, 1); // first; what is asked for comes behind it
        if (Volatile.Read(ref _cpu->Pending) != 0 || _exclusive.Excludes(engine))
        {
            EnterLooking();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterLooking()
    {
        Clear(PendingWork.GiveWay);
        while (_exclusive.Excludes(engine))
        {
            LeaveGuest();
            _exclusive.WaitOutside(engine);
            Volatile.Write(ref _inGuest, 1);
        }

        ServeMappings();
    }

    /// <summary>Waits until the vCPU is out of the guest. What keeps it out is the caller's matter.</summary>
    public void WaitUntilOut()
    {
        var spin = default(SpinWait);
        while (Volatile.Read(ref _inGuest) != 0)
        {
            Raise(PendingWork.GiveWay); // again each time: it may just have looked
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Leaves the guest to a vCPU that wants it for itself, if there is one, and comes back.</summary>
    public void GiveWay()
    {
        if (Has(PendingWork.GiveWay))
        {
            LeaveGuest();
            EnterGuest();
        }
    }

    /// <summary>Does what concerns translations and code, if asked.</summary>
    public void ServeMappings()
    {
        if (Has(PendingWork.FlushTlb))
        {
            int ticket = Volatile.Read(ref _flushTicket);
            Clear(PendingWork.FlushTlb);
            engine.Mmu.Flush(keepGlobal: false);
            Volatile.Write(ref _flushDone, ticket);
        }

        if (Has(PendingWork.InvalidateCode))
        {
            lock (_gate)
            {
                Clear(PendingWork.InvalidateCode);
                if (_everythingWritten)
                {
                    engine.Code.InvalidateAll();
                }

                foreach ((ulong physical, int length) in _written)
                {
                    engine.Code.Invalidate(physical, length);
                }

                _written.Clear();
                _everythingWritten = false;
            }
        }
    }

    /// <summary>Tells that someone else wrote to bytes that may have been decoded.</summary>
    /// <param name="physical">The first byte.</param>
    /// <param name="length">Bytes, within one page; 0 for everything.</param>
    public void CodeWritten(ulong physical, int length)
    {
        lock (_gate)
        {
            if (length == 0 || _written.Count == MaxWrittenRanges)
            {
                _everythingWritten = true;
            }
            else
            {
                _written.Add((physical, length));
            }
        }

        Raise(PendingWork.InvalidateCode);
    }

    /// <summary>Asks for a flush and waits until no old translation can be used any more.</summary>
    public void FlushAndWait()
    {
        int ticket = Interlocked.Increment(ref _flushTicket);
        Raise(PendingWork.FlushTlb);
        Interlocked.MemoryBarrierProcessWide();
        var spin = default(SpinWait);
        while (Volatile.Read(ref _inGuest) != 0 && Volatile.Read(ref _flushDone) - ticket < 0)
        {
            spin.SpinOnce();
        }
    }

    private const int MaxWrittenRanges = 256;
}
