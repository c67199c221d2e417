namespace KvmSharp.Machines;

/// <summary>Passes the interrupts and exceptions that a vCPU delivers to a machine's trace.</summary>
internal sealed class InterruptTrace(IMachineTrace trace) : IEventObserver
{
    /// <inheritdoc/>
    public void OnEvent(int vcpuId, byte vector, bool isExternal, uint? errorCode, ulong instructionsRetired) =>
        trace.OnInterrupt(vector, isExternal, errorCode);
}
