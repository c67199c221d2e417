namespace KvmSharp.Machines;

/// <summary>Lets the threads of several processors use one trace, one at a time.</summary>
internal sealed class GatedTrace(IMachineTrace trace) : IMachineTrace
{
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public TraceKinds Kinds => trace.Kinds;

    /// <inheritdoc/>
    public void OnExit(in VmExit vmExit, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            trace.OnExit(vmExit, data);
        }
    }

    /// <inheritdoc/>
    public void OnInstruction(VirtualCpu vcpu, IGuestMemory memory)
    {
        lock (_gate)
        {
            trace.OnInstruction(vcpu, memory);
        }
    }

    /// <inheritdoc/>
    public void OnInterrupt(byte vector, bool isExternal, uint? errorCode)
    {
        lock (_gate)
        {
            trace.OnInterrupt(vector, isExternal, errorCode);
        }
    }

    /// <inheritdoc/>
    public void OnUnmapped(in UnmappedAccess access)
    {
        lock (_gate)
        {
            trace.OnUnmapped(access);
        }
    }
}
