namespace KvmSharp.Machines;

/// <summary>A pin of a chip as the processor drives it: with the machine's device lock held.</summary>
/// <param name="gate">The device lock.</param>
/// <param name="inner">The pin.</param>
internal sealed class GatedSignal(DeviceLock gate, ISignal inner) : ISignal
{
    /// <inheritdoc/>
    public void Drive(bool asserted)
    {
        using (gate.Enter())
        {
            inner.Drive(asserted);
        }
    }
}
