namespace KvmSharp.Operations;

/// <summary>Which of CF, PF, AF, ZF, SF and OF an operation depends on and which it replaces, at their places in RFLAGS.</summary>
/// <remarks>An engine drops the flags of an operation whose successors replace them all before any is read.</remarks>
internal interface IFlagEffects
{
    /// <summary>Gets the flags whose old value the result or a new flag depends on. A flag that is merely kept is not read.</summary>
    static abstract uint FlagsRead { get; }

    /// <summary>Gets the flags that are replaced; all others keep their value.</summary>
    static abstract uint FlagsWritten { get; }
}
