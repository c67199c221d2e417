using System.CommandLine;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp completion SHELL</c>: prints a script that makes a shell complete this command.</summary>
/// <remarks>The scripts ask the command itself, by its <c>[suggest]</c> directive, so they never fall behind its options.</remarks>
internal static class CompletionVerb
{
    private const string Bash = """
        _kvmsharp() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(kvmsharp "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _kvmsharp kvmsharp
        """;

    private const string Zsh = """
        #compdef kvmsharp
        _kvmsharp() {
            local -a words_found
            words_found=("${(@f)$(kvmsharp "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            compadd -- "${words_found[@]}" || _files
        }
        compdef _kvmsharp kvmsharp
        """;

    private const string Fish = """
        function __kvmsharp_complete
            set -l line (commandline -cp)
            kvmsharp "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null
        end
        complete -c kvmsharp -a '(__kvmsharp_complete)'
        """;

    public static Verb Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var verb = new Verb("completion", "Print a script that makes a shell complete kvmsharp's verbs and options.")
        {
            Examples =
            [
                ("source <(kvmsharp completion bash)", "completes in this bash session"),
                ("kvmsharp completion zsh > ~/.zfunc/_kvmsharp", "completes in zsh, when ~/.zfunc is in fpath"),
                ("kvmsharp completion fish > ~/.config/fish/completions/kvmsharp.fish", "completes in fish"),
            ],
        };
        verb.Arguments.Add(shell);
        verb.SetAction(parsed =>
        {
            Console.Out.WriteLine(parsed.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitStatus.Success;
        });
        return verb;
    }
}
