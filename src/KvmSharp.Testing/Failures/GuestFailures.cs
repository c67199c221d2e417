namespace KvmSharp.Testing;

/// <summary>A guest ended otherwise than by passing.</summary>
public class GuestFailedException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="verdict">How the guest ended.</param>
    public GuestFailedException(Verdict verdict)
        : this(Describe(verdict), verdict)
    {
    }

    private protected GuestFailedException(string sentence, Verdict verdict)
        : base($"{sentence}.\n{verdict.Report}") => Verdict = verdict;

    /// <summary>Gets how the guest ended.</summary>
    public Verdict Verdict { get; }

    private static string Describe(Verdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        string sentence = verdict.Describe();
        return char.ToUpperInvariant(sentence[0]) + sentence[1..];
    }
}

/// <summary>A guest did not show what a test expected.</summary>
public sealed class GuestExpectationException : GuestFailedException
{
    internal GuestExpectationException(string what, Verdict verdict)
        : base($"Expected {what}, but {verdict.Describe()}", verdict) => Expected = what;

    /// <summary>Gets what was expected, in words.</summary>
    public string Expected { get; }
}
