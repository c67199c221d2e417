namespace KvmSharp;

/// <summary>One wire, seen from the part that drives it: an interrupt line, INTR, a reset line, the A20 gate.</summary>
public interface ISignal
{
    /// <summary>Sets the level of the wire. Driving the level it already has changes nothing.</summary>
    /// <param name="asserted"><see langword="true"/> for the active level, whatever its polarity on the real board.</param>
    void Drive(bool asserted);
}
