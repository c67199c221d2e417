namespace KvmSharp.Machines.Tests;

/// <summary>A folder for one test's images.</summary>
internal sealed class DiskFolder : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kvmsharp-").FullName;

    public string PathOf(string name) => Path.Combine(_root, name);

    /// <summary>Makes a file of random bytes.</summary>
    public string Raw(string name, int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        File.WriteAllBytes(PathOf(name), bytes);
        return PathOf(name);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
