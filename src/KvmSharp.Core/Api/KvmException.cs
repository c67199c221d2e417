namespace KvmSharp;

/// <summary>The embedder asked for something that cannot be done. Guests never cause it.</summary>
public sealed class KvmException : InvalidOperationException
{
    /// <summary>Initializes a new instance of the <see cref="KvmException"/> class.</summary>
    public KvmException()
        : this(Errno.Invalid, "invalid request")
    {
    }

    /// <summary>Initializes a new instance of the <see cref="KvmException"/> class.</summary>
    /// <param name="message">What was asked and why it cannot be done.</param>
    public KvmException(string message)
        : this(Errno.Invalid, message)
    {
    }

    /// <summary>Initializes a new instance of the <see cref="KvmException"/> class.</summary>
    /// <param name="message">What was asked and why it cannot be done.</param>
    /// <param name="innerException">The cause.</param>
    public KvmException(string message, Exception? innerException)
        : base(message, innerException) => Errno = Errno.Invalid;

    /// <summary>Initializes a new instance of the <see cref="KvmException"/> class.</summary>
    /// <param name="errno">What the ioctl would fail with.</param>
    /// <param name="message">What was asked and why it cannot be done.</param>
    public KvmException(Errno errno, string message)
        : base(message) => Errno = errno;

    /// <summary>Gets the error that the mirrored ioctl would return.</summary>
    public Errno Errno { get; }

    internal static KvmException Invalid(string message) => new(Errno.Invalid, message);

    internal static KvmException NotFound(string message) => new(Errno.NoEntry, message);

    internal static KvmException Busy(string message) => new(Errno.Busy, message);
}

/// <summary>Error numbers as Linux gives them on x86.</summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>ENOENT.</summary>
    NoEntry = 2,

    /// <summary>EFAULT: an address outside guest memory.</summary>
    Fault = 14,

    /// <summary>EBUSY: a vCPU runs, or an access is unfinished.</summary>
    Busy = 16,

    /// <summary>EEXIST: an id or a range is taken.</summary>
    Exists = 17,

    /// <summary>EINVAL.</summary>
    Invalid = 22,
}
