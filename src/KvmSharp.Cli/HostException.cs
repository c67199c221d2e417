namespace KvmSharp.Cli;

/// <summary>The host cannot do its part; the message says what and what would help.</summary>
internal sealed class HostException : Exception
{
    public HostException()
    {
    }

    public HostException(string message)
        : base(message)
    {
    }

    public HostException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
