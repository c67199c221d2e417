namespace KvmSharp.Machines.Tests;

public sealed class PcMachineSideTests
{
    private static readonly PcOptions Options = new() { MemoryBytes = 1 << 20, Boot = new BootSource { Image = new ImageFile("test", new byte[] { 0xEB, 0xFE }) } };

    [Fact]
    public void Run_Instructions_RetiresExactlySoMany()
    {
        using var side = new PcMachineSide(Options, EngineKind.Interpreter);
        ulong before = side.Vcpus[0].InstructionsRetired;

        side.Run(1234, CancellationToken.None);
        (side.Vcpus[0].InstructionsRetired - before, side.Ending).Should().Be((1234UL, null));
    }

    [Fact]
    public void Constructor_DiskWithAnOverlay_Throws()
    {
        var disk = new DiskAttachment(new DiskSpec("disk.img") { Writes = DiskWrites.ToOverlay, OverlayPath = "over.qcow2" });

        Action make = () => _ = new PcMachineSide(Options with { Disks = [disk] }, EngineKind.Interpreter);
        make.Should().Throw<ArgumentException>().WithMessage("*over.qcow2*");
    }
}
