namespace KvmSharp.Memory;

/// <summary>What a locked access takes that cannot be one host instruction. Re-entrant: the access may reach a device.</summary>
internal sealed class BusLock
{
    private readonly Lock _lock = new();

    public bool TryEnter() => _lock.TryEnter();

    public void Enter() => _lock.Enter();

    public void Exit() => _lock.Exit();
}
