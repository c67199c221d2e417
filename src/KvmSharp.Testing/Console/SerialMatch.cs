namespace KvmSharp.Testing;

/// <summary>A text that was expected and has come.</summary>
/// <param name="Before">What the guest sent between the last match and this one.</param>
/// <param name="Text">The text.</param>
public readonly record struct SerialMatch(string Before, string Text);
