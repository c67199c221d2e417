namespace KvmSharp.Cli.Tests;

/// <summary>A folder for one test's files.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("kvmsharp-").FullName;

    public string File(string name) => Path.Combine(Root, name);

    /// <summary>Assembles 16-bit code for 7C00h into a file.</summary>
    public string Image(string code) => Bytes("guest.bin", new LineAssembler(16, 0x7C00).Assemble(code));

    public string Bytes(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
