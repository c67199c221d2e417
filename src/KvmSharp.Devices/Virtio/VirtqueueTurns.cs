namespace KvmSharp.Devices;

/// <summary>Serves the queues of one device, each notification for a bounded turn.</summary>
/// <remarks>
/// A turn ends when the queue is empty, behind as many chains as the queue has descriptors, or behind about <see cref="BytesPerTurn"/>. What is
/// left goes on by a deadline, so that a driver which feeds itself keeps no processor from its other work.
/// </remarks>
internal sealed class VirtqueueTurns
{
    private const long BytesPerTurn = 16 << 20;
    private const long TurnInterval = 10_000; // ns: time passes between turns, or they would all come at one moment

    private readonly VirtioDevice _device;
    private readonly IVirtualClock _clock;
    private readonly IDeadline _resume;
    private readonly Virtqueue[] _queues;
    private byte _suspended;
    private long _resumeTime;

    /// <param name="device">The device.</param>
    /// <param name="memory">Guest memory.</param>
    /// <param name="clock">The machine's time.</param>
    /// <param name="serve">Called with the number of a queue that is to be served once more.</param>
    public VirtqueueTurns(VirtioDevice device, IGuestMemory memory, IVirtualClock clock, Action<int> serve)
    {
        _device = device;
        _clock = clock;
        _resume = clock.CreateDeadline(() => Resume(serve));
        _queues = new Virtqueue[device.QueueCount];
        for (int queue = 0; queue < _queues.Length; queue++)
        {
            _queues[queue] = new Virtqueue(memory, device.LargestQueue);
        }
    }

    public IReadOnlyList<Virtqueue> Queues => _queues;

    /// <summary>Puts what is remembered here into a state.</summary>
    public void SaveTo(ref VirtioTransportState state)
    {
        VirtqueueStates queues = default;
        for (int queue = 0; queue < _queues.Length; queue++)
        {
            queues[queue] = _queues[queue].Save();
        }

        state = state with { Queues = queues, Suspended = _suspended, ResumeTime = _resumeTime };
    }

    public void Load(in VirtioTransportState state, ulong features)
    {
        for (int queue = 0; queue < _queues.Length; queue++)
        {
            _queues[queue].Load(state.Queues[queue]);
        }

        Agree(features);
        (_suspended, _resumeTime) = (state.Suspended, state.ResumeTime);
        if (_suspended != 0)
        {
            _resume.Arm(_resumeTime);
        }
        else
        {
            _resume.Disarm();
        }
    }

    /// <summary>Tells the queues what the driver has accepted.</summary>
    public void Agree(ulong features)
    {
        foreach (Virtqueue queue in _queues)
        {
            queue.Features = features;
        }
    }

    public void Reset()
    {
        foreach (Virtqueue queue in _queues)
        {
            queue.Reset();
            queue.Features = 0;
        }

        (_suspended, _resumeTime) = (0, 0);
        _resume.Disarm();
    }

    /// <summary>Serves a queue.</summary>
    /// <param name="number">The queue's number.</param>
    /// <param name="interrupt">Whether the driver wants an interrupt for what it got back.</param>
    /// <returns><see langword="false"/> when the driver's side is nonsense, and the device must stop.</returns>
    public bool TryServe(int number, out bool interrupt)
    {
        Virtqueue queue = _queues[number];
        ushort first = queue.Next;
        bool isSound = TryTakeTurn(number, queue);
        interrupt = queue.Next != first && queue.WantsInterrupt(first);
        return isSound;
    }

    private bool TryTakeTurn(int number, Virtqueue queue)
    {
        long bytes = 0;
        for (int taken = 0; taken < queue.Size && bytes < BytesPerTurn; taken++)
        {
            VirtqueueFetch fetch = queue.Fetch();
            if (fetch == VirtqueueFetch.Empty)
            {
                if (!queue.TryAskForNotification())
                {
                    return false;
                }

                fetch = queue.Fetch(); // the driver may have added one before it saw that it should notify
            }

            if (fetch != VirtqueueFetch.Found)
            {
                return fetch == VirtqueueFetch.Empty;
            }

            VirtioOutcome outcome = _device.Serve(number, queue.Chain, out uint written);
            if (outcome == VirtioOutcome.Waits)
            {
                return queue.TryAskForNotification();
            }

            if (outcome == VirtioOutcome.Nonsense || !queue.TryComplete(written))
            {
                return false;
            }

            bytes += written + queue.Chain.Readable.Length;
        }

        _suspended |= (byte)(1 << number);
        _resumeTime = _clock.Now + TurnInterval;
        _resume.Arm(_resumeTime);
        return true;
    }

    private void Resume(Action<int> serve)
    {
        byte suspended = _suspended;
        (_suspended, _resumeTime) = (0, 0);
        for (int queue = 0; queue < _queues.Length; queue++)
        {
            if ((suspended & (1 << queue)) != 0)
            {
                serve(queue);
            }
        }
    }
}
