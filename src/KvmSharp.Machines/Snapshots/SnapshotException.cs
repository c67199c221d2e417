namespace KvmSharp.Machines;

/// <summary>A snapshot cannot be written or restored: the file is damaged, of another version, or does not fit what is there now.</summary>
/// <remarks>The message is a full sentence for the person who gave the file.</remarks>
public sealed class SnapshotException : Exception
{
    /// <summary>Makes an exception without a message of its own.</summary>
    public SnapshotException()
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">What is wrong and what would help.</param>
    public SnapshotException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception that comes from another, such as an error of the file system.</summary>
    /// <param name="message">What is wrong and what would help.</param>
    /// <param name="innerException">Where it comes from.</param>
    public SnapshotException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
