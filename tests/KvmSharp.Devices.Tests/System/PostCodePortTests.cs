namespace KvmSharp.Devices.Tests;

public sealed class PostCodePortTests : StatefulContract<PostCodePort, PostCodePortState>
{
    protected override int Ports => 1;

    internal override Bench Make() => new(new PostCodePort(), new ManualClock());

    internal override void Disturb(Bench bench) => bench.Part.Out(0, 0x42);

    [Fact]
    public void Write_Code_ReadsBack()
    {
        PostCodePort port = Make().Part;
        port.WritePort(0, 2, 0x9977);
        port.ReadPort(0, 2).Should().Be(0xFF77);
    }
}
