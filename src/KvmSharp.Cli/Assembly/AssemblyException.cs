namespace KvmSharp.Cli;

/// <summary>A statement that cannot be assembled; the message names the token.</summary>
public sealed class AssemblyException : Exception
{
    /// <summary>Makes an exception without a message of its own.</summary>
    public AssemblyException()
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">What is wrong with which token.</param>
    public AssemblyException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception that comes from another.</summary>
    /// <param name="message">What is wrong with which token.</param>
    /// <param name="innerException">Where it comes from.</param>
    public AssemblyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
