using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The host's end of the serial port for the command: an output, an input, or neither.</summary>
internal sealed class SerialEnds(GuestOutput? output, GuestInput? input, CancellationToken cancellation) : ISerialHost
{
    /// <inheritdoc/>
    public void Write(byte value) => output?.Write(value);

    /// <inheritdoc/>
    public void WaitForRoom() => output?.WaitForRoom(cancellation);

    /// <inheritdoc/>
    public bool TryRead(out byte value)
    {
        value = 0;
        return input is not null && input.TryRead(out value);
    }

    /// <inheritdoc/>
    public bool WaitForInput(CancellationToken cancellation) => input is not null && input.WaitForInput(cancellation);
}
