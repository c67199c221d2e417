namespace KvmSharp.Machines;

/// <summary>The host's end of the guest's serial line or of its virtio console: a terminal, a file, a test.</summary>
public interface ISerialHost
{
    /// <summary>Takes a byte that the guest sent. Called with the device lock held, so it must not block.</summary>
    /// <param name="value">The byte.</param>
    void Write(byte value);

    /// <summary>Waits while too much output is queued. Called on the vCPU's thread, without the lock, behind each exit.</summary>
    void WaitForRoom();

    /// <summary>Takes the next byte for the guest, if there is one. Called with the device lock held, so it must not block.</summary>
    /// <param name="value">The byte.</param>
    /// <returns><see langword="false"/> when there is none now; <see cref="PcMachine.NotifyInput"/> tells that there is one later.</returns>
    bool TryRead(out byte value);

    /// <summary>Waits until there is a byte for the guest. Called on the vCPU's thread when nothing else can wake the guest.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns><see langword="false"/> when no byte will ever come, or the wait was cancelled.</returns>
    bool WaitForInput(CancellationToken cancellation);
}
