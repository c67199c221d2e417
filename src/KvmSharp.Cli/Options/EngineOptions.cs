using System.CommandLine;
using System.Runtime.CompilerServices;

namespace KvmSharp.Cli;

/// <summary>The options that choose what carries out guest code.</summary>
internal sealed class EngineOptions
{
    private const ulong DefaultCodeCache = 64UL << 20;

    private readonly Option<string> _engine = TextOption.Choice(
        "--engine",
        "interpreter: each instruction by itself. auto: hot code is translated in the background besides, where the host has dynamic code. "
            + "translator: code is translated as soon as it has run twice, at once: slow, and the same on every run",
        "auto",
        "interpreter",
        "translator",
        "auto");

    private readonly Option<ulong?> _codeCache = TextOption.Parsed<ulong?>(
        "--code-cache",
        "SIZE",
        $"Memory for translated code of each processor, about; when it is full, all is dropped and hot code translated anew [default: {DefaultCodeCache >> 20}M]",
        static (string text, out ulong? value) =>
        {
            bool ok = Quantities.TryParseSize(text, out ulong bytes) && bytes is > 0 and <= long.MaxValue;
            value = bytes;
            return ok;
        },
        "a size above 0 such as 16M or 1G",
        null);

    /// <summary>Adds the choice of the engine and the size of its code cache to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_engine);
        AddCodeCacheTo(command);
        _engine.Validators.Add(result =>
        {
            if (result.Tokens is [.., var last] && Fault(last.Value, RuntimeFeature.IsDynamicCodeSupported) is { } fault)
            {
                result.AddError(fault);
            }
        });
    }

    /// <summary>Adds the size of the code cache alone, for a verb that chooses engines by itself.</summary>
    public void AddCodeCacheTo(Command command) => command.Options.Add(_codeCache);

    /// <summary>Gets the engine that was asked for.</summary>
    public EngineKind Engine(ParseResult parsed) => Resolve(parsed.GetValue(_engine), RuntimeFeature.IsDynamicCodeSupported);

    /// <summary>Gets the most memory in bytes that translated code may take.</summary>
    public long CodeCache(ParseResult parsed) => (long)(parsed.GetValue(_codeCache) ?? DefaultCodeCache);

    /// <summary>Finds the engine of a word.</summary>
    /// <param name="word">A value of the option; null for none.</param>
    /// <param name="hasDynamicCode">Whether this process may make code while it runs.</param>
    public static EngineKind Resolve(string? word, bool hasDynamicCode) => word switch
    {
        "interpreter" => EngineKind.Interpreter,
        "translator" => EngineKind.Translator,
        _ => hasDynamicCode ? EngineKind.Auto : EngineKind.Interpreter,
    };

    /// <summary>Tells why an engine cannot be had.</summary>
    /// <param name="word">A value of the option.</param>
    /// <param name="hasDynamicCode">Whether this process may make code while it runs.</param>
    /// <returns>The sentence, or null when it can.</returns>
    public static string? Fault(string word, bool hasDynamicCode) => word == "translator" && !hasDynamicCode
        ? "--engine translator makes code while it runs, which this build or host of kvmsharp does not allow: give --engine interpreter, or leave it out."
        : null;
}
