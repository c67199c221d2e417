namespace KvmSharp.Machines.Tests;

public sealed class ImageFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Read_File_KeepsNameAndBytes()
    {
        File.WriteAllBytes(_path, [1, 2, 3]);
        ImageFile file = ImageFile.Read(_path, 3);
        (file.Name, file.Bytes.ToArray()).Should().BeEquivalentTo((_path, new byte[] { 1, 2, 3 }));
    }

    [Fact]
    public void Read_LargerThanMemory_IsRefusedWithoutReadingIt()
    {
        using (FileStream sparse = File.OpenWrite(_path))
        {
            sparse.SetLength(1L << 40); // reading it would fail in its own way
        }

        Refusal(_path).Should().Contain("larger").And.Contain("more memory");
    }

    [Fact]
    public void Read_EndlessFile_IsRefused()
    {
        if (File.Exists("/dev/zero"))
        {
            Refusal("/dev/zero").Should().Contain("larger");
        }
    }

    [Fact]
    public void Read_Missing_IsRefused() => Refusal(_path + ".not").Should().Contain("does not exist");

    [Fact]
    public void Read_Empty_IsRefused() => Refusal(_path).Should().Contain("empty");

    [Fact]
    public void Read_Directory_IsRefused() => Refusal(Path.GetTempPath()).Should().Contain("directory");

    private static string Refusal(string path)
    {
        Action read = () => ImageFile.Read(path, 1 << 20);
        return read.Should().Throw<ImageException>().Which.Message;
    }
}
