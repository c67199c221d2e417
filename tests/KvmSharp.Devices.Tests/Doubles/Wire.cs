namespace KvmSharp.Devices.Tests;

/// <summary>A wire that remembers its level and its changes.</summary>
internal sealed class Wire(IVirtualClock? clock = null) : ISignal
{
    private readonly List<(long Time, bool Level)> _changes = [];

    public bool Level { get; private set; }

    public int Rises { get; private set; }

    /// <summary>Whether anybody has driven it, to any level.</summary>
    public bool WasDriven { get; set; }

    public IReadOnlyList<(long Time, bool Level)> Changes => _changes;

    public void Drive(bool asserted)
    {
        WasDriven = true;
        if (asserted == Level)
        {
            return;
        }

        Level = asserted;
        Rises += asserted ? 1 : 0;
        _changes.Add((clock?.Now ?? 0, asserted));
    }

    public void Forget() => _changes.Clear();
}
