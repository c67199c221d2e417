using System.Runtime.InteropServices;
using KvmSharp.Engine;

namespace KvmSharp;

/// <summary>The vCPU's whole state as bytes, for snapshots.</summary>
public sealed unsafe partial class VirtualCpu
{
    /// <summary>Gets the length of the state in bytes.</summary>
    public static int StateLength => sizeof(VcpuSnapshot);

    /// <summary>Gives all that the vCPU remembers: registers, events on their way, its local APIC.</summary>
    /// <returns><see cref="StateLength"/> bytes. Their meaning may change from one version of KvmSharp to the next.</returns>
    /// <exception cref="KvmException">An exit is pending, or the vCPU runs (EBUSY).</exception>
    /// <remarks>KVM needs a dozen ioctls for it, from KVM_GET_REGS to KVM_GET_LAPIC. The CPUID table is the embedder's.</remarks>
    public byte[] SaveState()
    {
        RequireStopped();
        var state = VcpuSnapshot.Of(_engine);
        return MemoryMarshal.AsBytes(new ReadOnlySpan<VcpuSnapshot>(in state)).ToArray();
    }

    /// <summary>Gives the vCPU a state that another one had.</summary>
    /// <param name="state">What <see cref="SaveState"/> gave.</param>
    /// <exception cref="KvmException">The length is wrong, or the other machine had local APICs and this one has not (EINVAL); an exit is pending, or the vCPU runs (EBUSY).</exception>
    /// <remarks>Load it behind the devices, whose lines reach the local APIC.</remarks>
    public void LoadState(ReadOnlySpan<byte> state)
    {
        RequireStopped();
        if (state.Length != StateLength)
        {
            throw KvmException.Invalid($"a vCPU's state has {StateLength} bytes, not {state.Length}");
        }

        MemoryMarshal.Read<VcpuSnapshot>(state).LoadInto(_engine);
    }
}
