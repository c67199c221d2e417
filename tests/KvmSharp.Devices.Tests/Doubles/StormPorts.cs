namespace KvmSharp.Devices.Tests;

/// <summary>A part whose registers are elsewhere, shown as ports to the contract's storms.</summary>
/// <typeparam name="TPart">The part.</typeparam>
/// <typeparam name="TState">Its state.</typeparam>
/// <param name="part">The part.</param>
/// <param name="read">Reads by offset and width.</param>
/// <param name="write">Writes by offset, width and value.</param>
public sealed class StormPorts<TPart, TState>(TPart part, Func<int, int, uint> read, Action<int, int, uint> write) : IPortDevice, IStateful<TState>
    where TPart : IStateful<TState>
    where TState : unmanaged
{
    public TPart Part => part;

    public uint ReadPort(ushort offset, int width) => read(offset, width);

    public void WritePort(ushort offset, int width, uint value) => write(offset, width, value);

    public TState Save() => part.Save();

    public void Load(in TState state) => part.Load(state);

    public void Reset() => part.Reset();
}

internal static class StormPorts
{
    /// <summary>Shows a configuration space.</summary>
    public static StormPorts<TPart, TState> OfConfiguration<TPart, TState>(TPart part)
        where TPart : PciFunction, IStateful<TState>
        where TState : unmanaged => new(part, (offset, width) => part.ReadConfig(offset, width), (offset, width, value) => part.WriteConfig(offset, width, value));
}
