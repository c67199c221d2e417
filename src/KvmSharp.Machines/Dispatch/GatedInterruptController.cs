namespace KvmSharp.Machines;

/// <summary>Lets the vCPU acknowledge interrupts under the device lock.</summary>
internal sealed class GatedInterruptController(Lock gate, IInterruptController controller) : IInterruptController
{
    /// <inheritdoc/>
    public byte Acknowledge()
    {
        lock (gate)
        {
            return controller.Acknowledge();
        }
    }
}
