namespace KvmSharp.Watching;

/// <summary>An embedder's exit handler with a watch behind it.</summary>
internal sealed class WatchedExitHandler(IEmbedderWatch watch, VirtualMachine vm, IExitHandler inner) : IExitHandler
{
    /// <inheritdoc/>
    public bool TryHandle(in VmExit vmExit, Span<byte> data)
    {
        if (!inner.TryHandle(vmExit, data))
        {
            return false;
        }

        watch.OnHandled(vm, vmExit, data);
        return true;
    }
}
