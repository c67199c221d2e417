using KvmSharp.Watching;

namespace KvmSharp;

/// <summary>The way in: what opening <c>/dev/kvm</c> is under Linux. Here it needs no device, no module and no right.</summary>
public sealed class Kvm : IDisposable
{
    /// <summary>The API version that KVM has reported since it became stable. KVM_GET_API_VERSION.</summary>
    public const int ApiVersion = 12;

    private Kvm()
    {
    }

    /// <summary>Gets or sets who sees what is done with machines that are made from now on; null, unless a grader has set it.</summary>
    internal static IEmbedderWatch? Watch { get; set; }

    /// <summary>Opens the hypervisor.</summary>
    /// <returns>A handle; any number may be open, and machines outlive it.</returns>
    public static Kvm Open() => new();

    /// <summary>Tells whether a capability is offered. KVM_CHECK_EXTENSION.</summary>
    /// <param name="capability">The capability.</param>
    /// <returns>0 when it is not; else 1, or the number that the capability stands for.</returns>
    public int CheckExtension(KvmCapability capability)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return capability switch
        {
            KvmCapability.IrqChip or KvmCapability.Hlt or KvmCapability.UserMemory or KvmCapability.ExtendedCpuid
                or KvmCapability.MpState or KvmCapability.SyncMmu or KvmCapability.DestroyMemoryRegionWorks
                or KvmCapability.UserNmi or KvmCapability.JoinMemoryRegionsWorks or KvmCapability.VcpuEvents
                or KvmCapability.SetGuestDebug or KvmCapability.DebugRegisters or KvmCapability.ReadOnlyMemory or KvmCapability.ImmediateExit
                or KvmCapability.UserSpaceMsr or KvmCapability.MsrFilter => 1,
            KvmCapability.VcpuCount or KvmCapability.MaxVcpus => VirtualMachine.MaxVcpus,
            KvmCapability.MemorySlotCount => VirtualMachine.MaxMemorySlots,
            _ => 0,
        };
    }

    /// <summary>Gets all that CPUID can offer here. KVM_GET_SUPPORTED_CPUID.</summary>
    /// <returns>The table of <see cref="CpuModel.Max"/>; take bits away from it, or name an older <see cref="CpuModel"/>.</returns>
    public CpuidTable GetSupportedCpuid()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return CpuModel.Max.Cpuid;
    }

    /// <summary>Makes a machine without memory and vCPUs. KVM_CREATE_VM.</summary>
    /// <returns>The machine.</returns>
    public VirtualMachine CreateVm()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var vm = new VirtualMachine { Watch = Watch };
        vm.Watch?.OnMachine(vm);
        return vm;
    }

    /// <inheritdoc/>
    public void Dispose() => _closed = true;

    private bool _closed;
}

/// <summary>Capabilities by KVM's numbers (KVM_CAP_*).</summary>
public enum KvmCapability
{
    /// <summary>KVM_CAP_IRQCHIP: an interrupt chip may be attached.</summary>
    IrqChip = 0,

    /// <summary>KVM_CAP_HLT.</summary>
    Hlt = 1,

    /// <summary>KVM_CAP_USER_MEMORY.</summary>
    UserMemory = 3,

    /// <summary>KVM_CAP_EXT_CPUID.</summary>
    ExtendedCpuid = 7,

    /// <summary>KVM_CAP_NR_VCPUS: recommended number of vCPUs.</summary>
    VcpuCount = 9,

    /// <summary>KVM_CAP_NR_MEMSLOTS.</summary>
    MemorySlotCount = 10,

    /// <summary>KVM_CAP_MP_STATE.</summary>
    MpState = 14,

    /// <summary>KVM_CAP_SYNC_MMU: changes of memory take effect at once.</summary>
    SyncMmu = 16,

    /// <summary>KVM_CAP_DESTROY_MEMORY_REGION_WORKS.</summary>
    DestroyMemoryRegionWorks = 21,

    /// <summary>KVM_CAP_USER_NMI.</summary>
    UserNmi = 22,

    /// <summary>KVM_CAP_SET_GUEST_DEBUG.</summary>
    SetGuestDebug = 23,

    /// <summary>KVM_CAP_JOIN_MEMORY_REGIONS_WORKS.</summary>
    JoinMemoryRegionsWorks = 30,

    /// <summary>KVM_CAP_VCPU_EVENTS.</summary>
    VcpuEvents = 41,

    /// <summary>KVM_CAP_DEBUGREGS.</summary>
    DebugRegisters = 50,

    /// <summary>KVM_CAP_MAX_VCPUS.</summary>
    MaxVcpus = 66,

    /// <summary>KVM_CAP_READONLY_MEM.</summary>
    ReadOnlyMemory = 81,

    /// <summary>KVM_CAP_IMMEDIATE_EXIT.</summary>
    ImmediateExit = 136,

    /// <summary>KVM_CAP_X86_USER_SPACE_MSR: <see cref="VirtualMachine.UserSpaceMsrs"/>.</summary>
    UserSpaceMsr = 188,

    /// <summary>KVM_CAP_X86_MSR_FILTER: <see cref="VirtualMachine.MsrFilter"/>.</summary>
    MsrFilter = 189,
}
