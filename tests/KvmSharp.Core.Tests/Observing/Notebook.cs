namespace KvmSharp.Tests.Observing;

/// <summary>An observer that keeps what it is told.</summary>
internal sealed class Notebook : IVcpuObserver
{
    public List<ObservedEvent> Events { get; } = [];

    public List<VcpuPosition> Halts { get; } = [];

    public List<VcpuPosition> Instructions { get; } = [];

    public List<ObservedAccess> Accesses { get; } = [];

    public void OnEvent(in ObservedEvent observed) => Events.Add(observed);

    public void OnHalt(int vcpuId, in VcpuPosition position) => Halts.Add(position);

    public void OnInstruction(int vcpuId, in VcpuPosition position) => Instructions.Add(position);

    public void OnMemoryAccess(in ObservedAccess access) => Accesses.Add(access);
}
