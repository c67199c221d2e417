using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public sealed class DiscardLayerTests : IDisposable
{
    private readonly DiskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Writes_AreReadBackAndNeverReachTheImage(int seed)
    {
        string path = _folder.Raw("disk.img", (1 << 20) + 700); // the last block is cut short, and the last sector too
        byte[] before = File.ReadAllBytes(path);
        byte[] model = [.. before, .. new byte[324]];
        using (var disk = new DiscardLayer(ImageChain.Open(path, null, writable: false).Layer))
        {
            var work = new DiskWorkload(disk, model, seed);
            work.ReadAll();
            for (int i = 0; i < 60; i++)
            {
                work.Write(mostSectors: 300);
                work.Read(mostSectors: 600);
            }

            work.ReadAll();
        }

        File.ReadAllBytes(path).AsSpan().SequenceEqual(before).Should().BeTrue();
    }

    [Fact]
    public void Image_NeverChanged_ServesSeveralMachines()
    {
        string path = _folder.Raw("disk.img", 4096);
        using DiskImage one = DiskFactory.Open(DiskSpec.NeverChanged(path));
        using DiskImage other = DiskFactory.Open(DiskSpec.NeverChanged(path));
        one.Write(0, new byte[512]).Should().Be(DiskResult.Done);
        var bytes = new byte[512];
        other.Read(0, bytes).Should().Be(DiskResult.Done);
        bytes.Should().Equal(File.ReadAllBytes(path)[..512]);
    }
}
