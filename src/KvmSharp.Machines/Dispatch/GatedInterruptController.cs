namespace KvmSharp.Machines;

/// <summary>Lets the vCPU acknowledge interrupts under the device lock.</summary>
internal sealed class GatedInterruptController(DeviceLock gate, IInterruptController controller) : IInterruptController
{
    /// <inheritdoc/>
    public byte Acknowledge()
    {
        using (gate.Enter())
        {
            return controller.Acknowledge();
        }
    }
}
