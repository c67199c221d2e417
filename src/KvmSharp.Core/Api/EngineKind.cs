namespace KvmSharp;

/// <summary>What carries out guest code.</summary>
public enum EngineKind
{
    /// <summary>The interpreter, and the translator for code that is hot, compiled in the background. Without dynamic code the interpreter alone.</summary>
    Auto,

    /// <summary>The interpreter alone.</summary>
    Interpreter,

    /// <summary>The translator as soon as code has run twice, compiled at once: slow, and the same on every run. For tests and comparisons.</summary>
    Translator,
}
