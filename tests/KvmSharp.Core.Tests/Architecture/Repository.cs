namespace KvmSharp.Tests.Architecture;

/// <summary>Where the sources lie, found from where the tests run.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    public static string Source => Path.Combine(Root, "src");

    private static string Find(string? directory)
    {
        while (directory is not null && !File.Exists(Path.Combine(directory, "KvmSharp.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new DirectoryNotFoundException("The tests must run from inside the repository.");
    }
}
