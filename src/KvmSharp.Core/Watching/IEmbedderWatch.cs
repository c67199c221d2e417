namespace KvmSharp.Watching;

/// <summary>Sees what an embedder does with the bare API and what it gets back. For graders: the program under test knows nothing of it.</summary>
/// <remarks>Called on the thread that makes the call. Nobody listens unless <see cref="Kvm.Watch"/> was set before the machine was made.</remarks>
internal interface IEmbedderWatch
{
    /// <summary>A machine has been made.</summary>
    /// <param name="vm">The machine.</param>
    void OnMachine(VirtualMachine vm);

    /// <summary>A memory slot has been set.</summary>
    /// <param name="vm">The machine.</param>
    /// <param name="slot">The slot; size 0 deletes it.</param>
    void OnSlot(VirtualMachine vm, in MemorySlot slot);

    /// <summary>A vCPU has been made.</summary>
    /// <param name="vm">The machine.</param>
    /// <param name="vcpu">The vCPU.</param>
    void OnVcpu(VirtualMachine vm, VirtualCpu vcpu);

    /// <summary>A vCPU is about to run, or to finish a pending exit, whose answer <see cref="VirtualCpu.ExitData"/> then holds.</summary>
    /// <param name="vm">The machine.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="maxInstructions">The budget that the embedder gave.</param>
    /// <returns>The budget to use, not above that one.</returns>
    ulong OnRunning(VirtualMachine vm, VirtualCpu vcpu, ulong maxInstructions);

    /// <summary>An exit is about to be returned.</summary>
    /// <param name="vm">The machine.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="vmExit">The exit.</param>
    void OnExit(VirtualMachine vm, VirtualCpu vcpu, in VmExit vmExit);

    /// <summary>The embedder's exit handler has taken an exit in place.</summary>
    /// <param name="vm">The machine.</param>
    /// <param name="vmExit">The exit.</param>
    /// <param name="data">Its data; after a read, the answer.</param>
    void OnHandled(VirtualMachine vm, in VmExit vmExit, ReadOnlySpan<byte> data);
}
