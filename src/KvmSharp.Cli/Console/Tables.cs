using Spectre.Console;

namespace KvmSharp.Cli;

/// <summary>Tables for people, in one look.</summary>
internal static class Tables
{
    private const int WidthOfFiles = 200;

    /// <summary>A console on a writer; a file or pipe gets plain text without line breaks at a terminal's width.</summary>
    public static IAnsiConsole On(TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        bool redirected = writer == StandardStreams.Errors ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        if (redirected)
        {
            console.Profile.Width = WidthOfFiles;
            console.Profile.Capabilities.Ansi = false; // TERM tells of the terminal, not of the file
            console.Profile.Capabilities.ColorSystem = ColorSystem.NoColors;
        }

        return console;
    }

    public static Table New(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)));
        }

        return table;
    }
}
