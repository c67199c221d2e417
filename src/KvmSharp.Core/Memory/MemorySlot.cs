namespace KvmSharp;

/// <summary>A range of guest-physical memory backed by RAM. Mirrors <c>struct kvm_userspace_memory_region</c>.</summary>
/// <param name="Id">The slot's number, 0 to 508: setting a slot with a number in use replaces it.</param>
/// <param name="GuestPhysicalAddress">The first byte, a multiple of 4096.</param>
/// <param name="Size">Bytes, a multiple of 4096; 0 deletes the slot.</param>
/// <param name="Options">Dirty logging and write protection.</param>
public readonly record struct MemorySlot(int Id, ulong GuestPhysicalAddress, ulong Size, MemorySlotOptions Options = MemorySlotOptions.None);

/// <summary>Flags of a slot. The numbers are KVM's (KVM_MEM_*).</summary>
[Flags]
public enum MemorySlotOptions
{
    /// <summary>Plain RAM.</summary>
    None = 0,

    /// <summary>Pages that the guest writes are noted for <c>VirtualMachine.GetDirtyLog</c>. KVM_MEM_LOG_DIRTY_PAGES.</summary>
    LogDirtyPages = 1,

    /// <summary>Guest writes become MMIO exits; reads go to the memory. KVM_MEM_READONLY.</summary>
    ReadOnly = 2,
}
