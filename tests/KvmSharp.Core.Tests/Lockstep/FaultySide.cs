using KvmSharp.Lockstep;

namespace KvmSharp.Tests.Lockstep;

/// <summary>A machine that does something wrong behind one instruction: what a comparison is there to find.</summary>
/// <param name="inner">The machine.</param>
/// <param name="at">The instruction behind which it goes wrong, from 1.</param>
/// <param name="fault">What it does.</param>
internal sealed class FaultySide(ILockstepSide inner, ulong at, Action<ILockstepSide> fault) : ILockstepSide
{
    public IReadOnlyList<VirtualCpu> Vcpus => inner.Vcpus;

    public GuestMemory Memory => inner.Memory;

    public string? Ending => inner.Ending;

    public IReadOnlyList<LockstepEvent> Events => inner.Events;

    private ulong Retired => inner.Vcpus[0].InstructionsRetired;

    public void Run(ulong instructions, CancellationToken cancellation)
    {
        ulong end = Retired + instructions;
        if (Retired < at && at <= end)
        {
            inner.Run(at - Retired, cancellation);
            fault(inner);
        }

        if (Retired < end || instructions == 0)
        {
            inner.Run(end - Retired, cancellation);
        }
    }

    public void ForgetEvents() => inner.ForgetEvents();

    public void Dispose() => inner.Dispose();
}
