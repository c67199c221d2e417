namespace KvmSharp.Machines;

/// <summary>An image, or a module beside it, cannot be booted: it is missing, unreadable, malformed or too large.</summary>
/// <remarks>The message is a full sentence for the person who gave the file: what is wrong with which field, and what would help.</remarks>
public sealed class ImageException : Exception
{
    /// <summary>Makes an exception without a message of its own.</summary>
    public ImageException()
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">What is wrong and what would help.</param>
    public ImageException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception that comes from another, such as an error of the file system.</summary>
    /// <param name="message">What is wrong and what would help.</param>
    /// <param name="innerException">Where it comes from.</param>
    public ImageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
