namespace KvmSharp.Machines;

/// <summary>A wire that calls the board when it becomes active.</summary>
/// <param name="onRise">Called on the rising edge only.</param>
internal sealed class EdgeWire(Action onRise) : ISignal
{
    private bool _level;

    /// <inheritdoc/>
    public void Drive(bool asserted)
    {
        bool rises = asserted && !_level;
        _level = asserted;
        if (rises)
        {
            onRise();
        }
    }
}

/// <summary>A wire that several outputs drive: active while any of them is.</summary>
/// <param name="wire">The wire behind the gate.</param>
internal sealed class OrGate(ISignal wire)
{
    private readonly List<bool> _levels = [];

    /// <summary>Adds an input, inactive at first.</summary>
    public ISignal AddInput()
    {
        _levels.Add(false);
        return new Input(this, _levels.Count - 1);
    }

    private void Set(int index, bool level)
    {
        _levels[index] = level;
        wire.Drive(_levels.Contains(true));
    }

    private sealed class Input(OrGate gate, int index) : ISignal
    {
        public void Drive(bool asserted) => gate.Set(index, asserted);
    }
}

/// <summary>A wire that leads to several inputs.</summary>
/// <param name="ends">The inputs.</param>
internal sealed class Fork(params ISignal[] ends) : ISignal
{
    /// <inheritdoc/>
    public void Drive(bool asserted)
    {
        foreach (ISignal end in ends)
        {
            end.Drive(asserted);
        }
    }
}

/// <summary>The end of a pin that the board leaves open.</summary>
internal sealed class OpenWire : ISignal
{
    public static OpenWire Instance { get; } = new();

    /// <inheritdoc/>
    public void Drive(bool asserted)
    {
    }
}
