using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Somebody at the keyboard of a PC: presses and releases keys one by one, as fast as a guest can follow. May be used from any thread.</summary>
/// <remarks>
/// One key goes down or up every two milliseconds of virtual time. A guest that takes no key for a second, because its keyboard is switched off or
/// nobody reads it, loses all that waits.
/// </remarks>
public sealed class PcKeyboard
{
    private const long Pace = 2_000_000; // nanoseconds: a pasted page takes seconds, and a guest on a slow host still follows
    private const int Patience = 500; // tries: a second
    private const int Limit = 64 * 1024; // movements of keys that wait

    private static readonly (KeyModifiers Modifier, ushort Code)[] ModifierKeys =
        [(KeyModifiers.Control, KeyCode.Control), (KeyModifiers.Alt, KeyCode.Alt), (KeyModifiers.Shift, KeyCode.Shift)];

    private readonly DeviceLock _gate;
    private readonly IVirtualClock _clock;
    private readonly I8042 _controller;
    private readonly IDeadline _next;
    private readonly Queue<(ushort Code, bool Pressed)> _waiting = new();
    private readonly object _arrival = new();
    private bool _arrived; // since the last wait
    private int _refused;

    /// <summary>Sits down at a keyboard.</summary>
    /// <param name="gate">The machine's device lock.</param>
    /// <param name="clock">The machine's time.</param>
    /// <param name="controller">The keyboard controller.</param>
    public PcKeyboard(DeviceLock gate, IVirtualClock clock, I8042 controller)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _gate = gate;
        _clock = clock;
        _controller = controller;
        _next = clock.CreateDeadline(MoveOne);
    }

    /// <summary>Types a text in the US layout.</summary>
    /// <param name="text">The text; a line feed is Enter.</param>
    /// <exception cref="ArgumentException">It has a character that no key types; then nothing is typed.</exception>
    public void Type(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var chords = new List<KeyChord>();
        foreach (char character in text)
        {
            chords.Add(UsKeyboard.TryFind(character, out KeyChord chord)
                ? chord
                : throw new ArgumentException($"No key of the US layout types '{character}' (U+{(int)character:X4}).", nameof(text)));
        }

        chords.ForEach(Press);
    }

    /// <summary>Presses and releases a key, its modifiers around it. Nothing happens when too much waits already.</summary>
    /// <param name="chord">The key.</param>
    public void Press(KeyChord chord)
    {
        using (_gate.Enter())
        {
            if (_waiting.Count >= Limit)
            {
                return;
            }

            foreach ((KeyModifiers modifier, ushort code) in ModifierKeys)
            {
                Add(chord, modifier, code, pressed: true);
            }

            _waiting.Enqueue((chord.Code, true));
            _waiting.Enqueue((chord.Code, false));
            for (int i = ModifierKeys.Length - 1; i >= 0; i--)
            {
                Add(chord, ModifierKeys[i].Modifier, ModifierKeys[i].Code, pressed: false);
            }

            if (!_next.IsArmed)
            {
                _next.Arm(_clock.Now);
            }
        }

        lock (_arrival)
        {
            _arrived = true;
            Monitor.PulseAll(_arrival);
        }
    }

    /// <summary>Waits until a key is pressed. For a run loop whose guest is halted with nothing else to wake it.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns><see langword="false"/> when the wait was cancelled.</returns>
    internal bool WaitForKey(CancellationToken cancellation)
    {
        using CancellationTokenRegistration wake = cancellation.Register(() =>
        {
            lock (_arrival)
            {
                Monitor.PulseAll(_arrival);
            }
        });
        lock (_arrival)
        {
            while (!_arrived && !cancellation.IsCancellationRequested)
            {
                Monitor.Wait(_arrival);
            }

            bool arrived = _arrived;
            _arrived = false;
            return arrived;
        }
    }

    /// <summary>Gets what a snapshot holds of the keys that are still to be moved.</summary>
    internal MachinePart Part => MachinePart.Of("keys", Save, Load);

    private void Save(BinaryWriter fields)
    {
        fields.Write(_refused);
        fields.Write(_waiting.Count);
        foreach ((ushort code, bool pressed) in _waiting)
        {
            fields.Write(code);
            fields.Write(pressed);
        }
    }

    private void Load(BinaryReader fields)
    {
        _refused = fields.ReadInt32();
        _waiting.Clear();
        for (int left = fields.ReadInt32(); left > 0; left--)
        {
            _waiting.Enqueue((fields.ReadUInt16(), fields.ReadBoolean()));
        }

        if (_waiting.Count > 0)
        {
            _next.Arm(_clock.Now); // in deterministic time the clock's state has the moment
        }
    }

    private void Add(KeyChord chord, KeyModifiers modifier, ushort code, bool pressed)
    {
        if (chord.Modifiers.HasFlag(modifier))
        {
            _waiting.Enqueue((code, pressed));
        }
    }

    // Called by the clock, with the lock held.
    private void MoveOne()
    {
        (ushort code, bool pressed) = _waiting.Peek();
        bool taken = pressed ? _controller.TryPressKey(code) : _controller.TryReleaseKey(code);
        _refused = taken ? 0 : _refused + 1;
        if (taken)
        {
            _waiting.Dequeue();
        }
        else if (_refused == Patience)
        {
            _refused = 0;
            _waiting.Clear();
        }

        if (_waiting.Count > 0)
        {
            _next.Arm(_clock.Now + Pace);
        }
    }
}
