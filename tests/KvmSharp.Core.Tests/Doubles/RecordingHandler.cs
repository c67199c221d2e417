namespace KvmSharp.Tests.Doubles;

/// <summary>Takes exits in place and keeps what it saw; what it answers and declines is up to the test.</summary>
internal sealed class RecordingHandler : IExitHandler
{
    private readonly List<VmExit> _seen = [];

    public IReadOnlyList<VmExit> Seen => _seen;

    /// <summary>Gets or sets whether an exit is handled, by its number from 0.</summary>
    public Func<int, bool> Handles { get; set; } = static _ => true;

    /// <summary>Gets or sets what is done with an exit that is handled.</summary>
    public Action<VmExit, byte[]>? OnExit { get; set; }

    /// <summary>Gets or sets the answer to a read, by its number among all exits.</summary>
    public Func<VmExit, int, ulong> Answer { get; set; } = static (_, _) => 0;

    public bool TryHandle(in VmExit vmExit, Span<byte> data)
    {
        int number = _seen.Count;
        _seen.Add(vmExit);
        if (!Handles(number))
        {
            return false;
        }

        OnExit?.Invoke(vmExit, data.ToArray());
        if (vmExit.Direction == ExitDirection.Read)
        {
            BitConverter.GetBytes(Answer(vmExit, number)).AsSpan(0, Math.Min(8, data.Length)).CopyTo(data);
        }

        return true;
    }
}

/// <summary>An interrupt chip with one request, which it withdraws when it is acknowledged.</summary>
internal sealed class OneShotController(VirtualMachine vm, byte vector) : IInterruptController
{
    public int Acknowledged { get; private set; }

    public void Request() => vm.InterruptLine.Drive(true);

    public byte Acknowledge()
    {
        Acknowledged++;
        vm.InterruptLine.Drive(false);
        return vector;
    }
}
