namespace KvmSharp;

/// <summary>Sees exceptions and interrupts as a vCPU delivers them to its guest. For traces; it must not touch the machine.</summary>
public interface IEventObserver
{
    /// <summary>An event has been delivered: RIP is at its handler.</summary>
    /// <param name="vcpuId">The vCPU.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="isExternal"><see langword="true"/> for interrupts and NMIs, <see langword="false"/> for exceptions.</param>
    /// <param name="errorCode">The error code, when the exception has one.</param>
    /// <param name="instructionsRetired">The vCPU's count, this delivery included.</param>
    void OnEvent(int vcpuId, byte vector, bool isExternal, uint? errorCode, ulong instructionsRetired);
}
