namespace KvmSharp.Testing;

/// <summary>How a guest ended.</summary>
public abstract record Verdict
{
    private protected Verdict()
    {
    }

    /// <summary>Gets a value indicating whether the guest has passed.</summary>
    public bool IsPassed => this is Passed;

    /// <summary>Gets what else there is to say: where the guest was, its last lines, how to see it again.</summary>
    public FailureReport? Report { get; init; }

    /// <summary>Throws unless the guest has passed.</summary>
    /// <exception cref="GuestFailedException">It has not; the message holds the report.</exception>
    public void EnsurePassed()
    {
        if (!IsPassed)
        {
            throw new GuestFailedException(this);
        }
    }

    /// <summary>Says it in a sentence.</summary>
    /// <returns>The sentence, without a full stop.</returns>
    public abstract string Describe();

    /// <inheritdoc/>
    public sealed override string ToString() => Describe();

    /// <summary>The guest wrote a value that means success to the debug-exit port, or switched the power off without having written one.</summary>
    public sealed record Passed : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => "the guest passed";
    }

    /// <summary>The guest wrote another value to the debug-exit port.</summary>
    /// <param name="Code">The value; QEMU would exit with <c>(Code &lt;&lt; 1) | 1</c>.</param>
    public sealed record Failed(int Code) : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => $"the guest failed with code {Code} (0x{Code:X})";
    }

    /// <summary>The budget was used up. The machine can run on.</summary>
    public sealed record Budget : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => "the budget was used up";
    }

    /// <summary>An exception while the guest's double-fault handler was called: a real processor would reset.</summary>
    public sealed record TripleFault : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => "the guest met a triple fault";
    }

    /// <summary>The guest's kernel reported that it cannot go on.</summary>
    /// <param name="Text">The line in which it said so.</param>
    public sealed record GuestPanic(string Text) : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => $"the guest panicked: {Text}";
    }

    /// <summary>The guest halted, and nothing that the machine has can wake it. Input might: the machine can run on.</summary>
    public sealed record Halted : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => "the guest halted and nothing can wake it";
    }

    /// <summary>The guest asked for a reset, and the machine does not reboot.</summary>
    public sealed record Reset : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => "the guest reset the machine";
    }

    /// <summary>The guest needs something that is not emulated.</summary>
    /// <param name="Bytes">The instruction's bytes, as far as they can be read; none for an access without a device, or code without memory.</param>
    /// <param name="What">What it was.</param>
    public sealed record Unsupported(ReadOnlyMemory<byte> Bytes, string What) : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => $"the guest needs what is not emulated: {What}";
    }

    /// <summary>The test ended the run, by <see cref="GuestMachine.Stop"/> or its cancellation token. The machine can run on.</summary>
    public sealed record Stopped : Verdict
    {
        /// <inheritdoc/>
        public override string Describe() => "the test stopped the guest";
    }
}
