namespace KvmSharp.Lockstep;

/// <summary>One of two machines that are compared: something that runs an exact number of instructions, the same on every run.</summary>
public interface ILockstepSide : IDisposable
{
    /// <summary>Gets its vCPUs.</summary>
    IReadOnlyList<VirtualCpu> Vcpus { get; }

    /// <summary>Gets its memory.</summary>
    GuestMemory Memory { get; }

    /// <summary>Gets how it ended; <see langword="null"/> while it can go on.</summary>
    string? Ending { get; }

    /// <summary>Gets what it did to the outside since <see cref="ForgetEvents"/>, in order.</summary>
    IReadOnlyList<LockstepEvent> Events { get; }

    /// <summary>Runs on, on the caller's thread.</summary>
    /// <param name="instructions">The instructions that all vCPUs together retire; fewer only when the machine ends, or on cancellation.</param>
    /// <param name="cancellation">Ends the run early.</param>
    void Run(ulong instructions, CancellationToken cancellation);

    /// <summary>Empties <see cref="Events"/>: they have been compared.</summary>
    void ForgetEvents();
}
