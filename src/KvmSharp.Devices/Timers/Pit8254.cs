namespace KvmSharp.Devices;

/// <summary>The Intel 8254 programmable interval timer, with all modes, BCD counting, latches and the read-back command.</summary>
/// <remarks>
/// Offsets 0 to 2 are the counters, offset 3 takes the control word and drives nothing when read. CLK is 1,193,182 Hz of virtual
/// time. Only an OUT pin that is wired costs deadlines, one for each of its edges; the others are computed when somebody looks.
/// When a deadline comes late, as it may while the clock follows the host, edges in between merge but a pulse is never lost
/// altogether. Who gives the chip a way to see that a pulse of counter 0 still waits to be noticed loses none up to a second: each is shown when the one
/// before it has been taken, as KVM's PIT does by default (KVM_REINJECT_CONTROL). Until a guest or the board's firmware programs it, each counter stands still with OUT high.
/// Not modelled: a count of 1 in modes 2 and 3, illegal in the data sheet, counts as 2.
/// Source: Intel 8254 data sheet (231164).
/// </remarks>
public sealed class Pit8254 : BytePortDevice, IStateful<Pit8254State>
{
    private const int ControlPort = 3;
    private const int ReadBack = 3;             // SC bits 11: the read-back command
    private const byte ReadBackNoCount = 0x20;  // D5, active low
    private const byte ReadBackNoStatus = 0x10; // D4, active low

    // A load, a strobe's two edges and one more: all that can be due at once before a waveform only repeats itself.
    private const int EdgesShownLate = 4;

    private const long MostBehind = 1_193_182;   // ticks, one second: pulses that are later are given up
    private const long ShortestPause = 119;      // ticks, a tenth of a millisecond, between two looks at a pulse that waits
    private const int PausesPerPeriod = 8;

    private readonly IVirtualClock _clock;
    private readonly PitCounterPort[] _ports = [new(), new(), new()];
    private readonly GateInput[] _gates;
    private readonly OutPin?[] _pins;

    /// <summary>Makes a chip in its power-on state: no counter programmed, GATE 0 and 1 high, GATE 2 low.</summary>
    /// <param name="clock">The machine's time.</param>
    /// <param name="out0">The OUT pin of counter 0 (IRQ 0 in a PC), or null when nothing is wired to it.</param>
    /// <param name="out1">The OUT pin of counter 1, or null.</param>
    /// <param name="out2">The OUT pin of counter 2, or null.</param>
    /// <param name="out0Waits">Tells whether the last rising edge of <paramref name="out0"/> still waits to be noticed; null when edges come whatever becomes of them.</param>
    public Pit8254(IVirtualClock clock, ISignal? out0, ISignal? out1 = null, ISignal? out2 = null, Func<bool>? out0Waits = null)
        : base(ports: 4)
    {
        _clock = clock;
        _gates = [new(this, 0), new(this, 1), new(this, 2)];
        ISignal?[] wires = [out0, out1, out2];
        _pins = new OutPin?[wires.Length];
        for (int i = 0; i < wires.Length; i++)
        {
            _pins[i] = wires[i] is { } wire ? new OutPin(clock, _ports[i].Counter, wire, i == 0 ? out0Waits : null) : null;
        }

        Reset();
    }

    private long Tick => InputClock.TickAt(_clock.Now);

    /// <summary>Gets a counter's GATE input. In a PC only counter 2's is wired, to port 61h.</summary>
    /// <param name="counter">0 to 2.</param>
    /// <returns>The input; each call gives the same object.</returns>
    public ISignal Gate(int counter) => _gates[counter];

    /// <summary>Gets the level of a counter's OUT pin at this moment.</summary>
    /// <param name="counter">0 to 2.</param>
    /// <returns><see langword="true"/> for high.</returns>
    public bool Out(int counter) => _ports[counter].Counter.Out(Tick);

    /// <inheritdoc/>
    public Pit8254State Save() => new() { Counter0 = _ports[0].State, Counter1 = _ports[1].State, Counter2 = _ports[2].State };

    /// <inheritdoc/>
    public void Load(in Pit8254State state)
    {
        _ports[0].State = state.Counter0;
        _ports[1].State = state.Counter1;
        _ports[2].State = state.Counter2;
        foreach (OutPin? pin in _pins)
        {
            pin?.Follow();
        }
    }

    /// <inheritdoc/>
    public void Reset() => Load(new Pit8254State
    {
        Counter0 = PitCounterPort.PowerOn(gate: true),
        Counter1 = PitCounterPort.PowerOn(gate: true),
        Counter2 = PitCounterPort.PowerOn(gate: false),
    });

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => port == ControlPort ? OpenBus : _ports[port].Read(Tick);

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        if (port != ControlPort)
        {
            _pins[port]?.Catch();
            _ports[port].Write(Tick, value);
            _pins[port]?.Follow();
        }
        else if (value >> 6 == ReadBack)
        {
            LatchSelected(value);
        }
        else
        {
            WriteControlWord(value >> 6, value);
        }
    }

    private void WriteControlWord(int counter, byte word)
    {
        int access = (word >> 4) & 3;
        if (access == 0)
        {
            _ports[counter].LatchCount(Tick);
            return;
        }

        _pins[counter]?.Catch();
        _ports[counter].Program(access, mode: (word >> 1) & 7, bcd: (word & 1) != 0);
        _pins[counter]?.Follow();
    }

    private void LatchSelected(byte command)
    {
        for (int i = 0; i < _ports.Length; i++)
        {
            if ((command & (2 << i)) == 0)
            {
                continue;
            }

            if ((command & ReadBackNoCount) == 0)
            {
                _ports[i].LatchCount(Tick);
            }

            if ((command & ReadBackNoStatus) == 0)
            {
                _ports[i].LatchStatus(Tick);
            }
        }
    }

    private void SetGate(int counter, bool level)
    {
        _pins[counter]?.Catch();
        _ports[counter].Counter.SetGate(Tick, level);
        _pins[counter]?.Follow();
    }

    private sealed class GateInput(Pit8254 pit, int counter) : ISignal
    {
        public void Drive(bool asserted) => pit.SetGate(counter, asserted);
    }

    /// <summary>An OUT pin that somebody watches: it drives the wire on every edge.</summary>
    private sealed class OutPin
    {
        private readonly IVirtualClock _clock;
        private readonly PitCounter _counter;
        private readonly ISignal _wire;
        private readonly IDeadline _deadline;
        private readonly Func<bool>? _waits;
        private long _next = long.MaxValue;

        public OutPin(IVirtualClock clock, PitCounter counter, ISignal wire, Func<bool>? waits)
        {
            _waits = waits;
            _clock = clock;
            _counter = counter;
            _wire = wire;
            _deadline = clock.CreateDeadline(OnDeadline);
        }

        /// <summary>Shows edges that are due and not shown yet, before something changes the counter.</summary>
        public void Catch()
        {
            long now = InputClock.TickAt(_clock.Now);
            for (int shown = 0; shown < EdgesShownLate && _next <= now; shown++)
            {
                long edge = _next;
                _wire.Drive(_counter.Out(edge));
                _next = _counter.NextEvent(edge);
            }
        }

        /// <summary>Drives the level of this moment and waits for the next edge.</summary>
        public void Follow()
        {
            long now = InputClock.TickAt(_clock.Now);
            _wire.Drive(_counter.Out(now));
            _next = _counter.NextEvent(now);
            if (_next == long.MaxValue)
            {
                _deadline.Disarm();
            }
            else
            {
                _deadline.Arm(InputClock.TimeOf(_next));
            }
        }

        private void OnDeadline()
        {
            if (_waits is null || !TryShowWhatIsNoticed(InputClock.TickAt(_clock.Now)))
            {
                Catch();
                Follow();
            }
        }

        // No edge, falling or rising, before the pulse that is shown has been noticed. False when nobody notices, or for too long.
        private bool TryShowWhatIsNoticed(long now)
        {
            if (now - _next > MostBehind)
            {
                return false;
            }

            for (int shown = 0; _next <= now; shown++)
            {
                if (_waits!())
                {
                    _deadline.Arm(InputClock.TimeOf(now + Math.Max(ShortestPause, _counter.PeriodTicks / PausesPerPeriod)));
                    return true;
                }

                if (shown == EdgesShownLate)
                {
                    return false;
                }

                _wire.Drive(_counter.Out(_next));
                _next = _counter.NextEvent(_next);
            }

            if (_next != long.MaxValue)
            {
                _deadline.Arm(InputClock.TimeOf(_next));
            }

            return true;
        }
    }
}
