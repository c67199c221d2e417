namespace KvmSharp;

/// <summary>Called in place for each exit, before <c>VirtualCpu.Run</c> would return it: a port access then costs tens of nanoseconds.</summary>
/// <remarks>Called on the thread of the vCPU. It must not call <c>Run</c>, and an exception that it throws leaves through <c>Run</c>.</remarks>
public interface IExitHandler
{
    /// <summary>Handles an exit or declines it.</summary>
    /// <param name="vmExit">The exit, the same value that <c>Run</c> would return.</param>
    /// <param name="data">
    /// For port, MMIO and MSR exits <see cref="VmExit.Width"/> times <see cref="VmExit.Count"/> bytes, little-endian: on a write
    /// what the guest wrote, on a read the place for the answer. Empty for other exits.
    /// </param>
    /// <returns><see langword="true"/> when handled: the guest goes on. <see langword="false"/> makes <c>Run</c> return the exit.</returns>
    bool TryHandle(in VmExit vmExit, Span<byte> data);
}
