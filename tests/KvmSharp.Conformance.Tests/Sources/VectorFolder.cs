using System.IO.Compression;

namespace KvmSharp.Conformance.Sources;

/// <summary>The folder that the vectors come from: the one that KVMSHARP_VECTORS names, or the committed sample.</summary>
internal sealed class VectorFolder
{
    /// <summary>Environment variable: a folder with <c>silicon/</c>, <c>realmode-80286/</c> or both.</summary>
    public const string FolderVariable = "KVMSHARP_VECTORS";

    private const string Suffix = ".jsonl.gz";
    private const string SiliconName = "silicon";
    private const string RealModeName = "realmode-80286";

    private VectorFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        Files = [.. FilesOf(VectorSet.Silicon), .. FilesOf(VectorSet.RealMode)];
        if (Files.Count == 0)
        {
            throw new DirectoryNotFoundException(
                $"{Path} holds no vectors: expected {SiliconName}/m32/*{Suffix} or {RealModeName}/*{Suffix} below it.");
        }
    }

    /// <summary>Gets the folder.</summary>
    public string Path { get; }

    /// <summary>Gets the files, in the order of the report.</summary>
    public IReadOnlyList<VectorFile> Files { get; }

    /// <summary>Gets the description that the silicon set carries.</summary>
    public string SiliconMeta => System.IO.Path.Combine(Path, SiliconName, "meta.json");

    /// <summary>Opens the folder that the environment names, else the sample.</summary>
    /// <returns>The folder.</returns>
    /// <exception cref="DirectoryNotFoundException">It is named but not there, or holds no vectors.</exception>
    public static VectorFolder Open()
    {
        string? named = Environment.GetEnvironmentVariable(FolderVariable);
        return string.IsNullOrEmpty(named) ? Sample() : new VectorFolder(named);
    }

    /// <summary>Opens the sample that the repository carries.</summary>
    /// <returns>The folder.</returns>
    public static VectorFolder Sample() => new(System.IO.Path.Combine(RepositoryRoot(), "tests", "KvmSharp.Conformance.Tests", "Vectors"));

    /// <summary>Reads a whole file; the largest is some 15 MiB.</summary>
    /// <param name="file">The file.</param>
    /// <returns>Its lines, one record each, as UTF-8.</returns>
    public static ReadOnlyMemory<byte> Read(VectorFile file)
    {
        using FileStream compressed = File.OpenRead(file.Path);
        using var plain = new GZipStream(compressed, CompressionMode.Decompress);
        var text = new MemoryStream(capacity: 8 * (int)compressed.Length);
        plain.CopyTo(text);
        return text.GetBuffer().AsMemory(0, (int)text.Length);
    }

    private static string RepositoryRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder, "KvmSharp.sln")))
        {
            folder = System.IO.Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("The tests run inside the repository: KvmSharp.sln was not found above them.");
    }

    private IEnumerable<VectorFile> FilesOf(VectorSet set)
    {
        string root = System.IO.Path.Combine(Path, set == VectorSet.Silicon ? SiliconName : RealModeName);
        if (!Directory.Exists(root))
        {
            return [];
        }

        string prefix = set == VectorSet.Silicon ? "" : RealModeName + "/";
        return Directory.EnumerateFiles(root, "*" + Suffix, SearchOption.AllDirectories)
            .Select(path => new VectorFile(set, prefix + GroupOf(root, path), path))
            .OrderBy(static file => file.Group, StringComparer.Ordinal);
    }

    private static string GroupOf(string root, string path) =>
        System.IO.Path.GetRelativePath(root, path)[..^Suffix.Length].Replace(System.IO.Path.DirectorySeparatorChar, '/');
}
