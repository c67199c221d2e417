namespace KvmSharp.Devices.Tests;

public sealed class CoprocessorErrorPortTests : StatefulContract<CoprocessorErrorPort, CoprocessorErrorPortState>
{
    private const int Irq13 = 0;
    private const int Ignne = 1;

    protected override int Ports => 2;

    internal override Bench Make()
    {
        Wire[] wires = [new(), new()];
        return new Bench(new CoprocessorErrorPort(wires[Irq13], wires[Ignne]), new ManualClock(), wires);
    }

    internal override void Disturb(Bench bench) => bench.Part.Error.Drive(true);

    internal override void Host(CoprocessorErrorPort part, byte value) => part.Error.Drive((value & 1) != 0);

    [Fact]
    public void Error_Rise_RequestsTheInterruptUntilF0IsWritten()
    {
        Bench bench = Make();
        bench.Part.Error.Drive(true);
        Levels(bench).Should().Be((true, false));
        bench.Part.Out(0, 0x00);
        Levels(bench).Should().Be((false, true));
    }

    [Fact]
    public void Error_FallsBeforeF0IsWritten_LeavesTheRequestLatched()
    {
        Bench bench = Make();
        bench.Part.Error.Drive(true);
        bench.Part.Error.Drive(false);
        Levels(bench).Should().Be((true, false));
    }

    [Fact]
    public void Error_FallsBehindF0_TakesIgnneBack()
    {
        Bench bench = Make();
        bench.Part.Error.Drive(true);
        bench.Part.Out(0, 0xFF);
        bench.Part.Error.Drive(false);
        Levels(bench).Should().Be((false, false));
        bench.Part.Error.Drive(true);
        Levels(bench).Should().Be((true, false), "the next error is reported anew");
    }

    [Fact]
    public void Error_DrivenAgainWhileAsserted_RequestsNothing()
    {
        Bench bench = Make();
        bench.Part.Error.Drive(true);
        bench.Part.Out(0, 0x00);
        bench.Part.Error.Drive(true);
        Levels(bench).Should().Be((false, true));
    }

    [Fact]
    public void F0_WithoutError_DoesNotAssertIgnne()
    {
        Bench bench = Make();
        bench.Part.Out(0, 0x00);
        Levels(bench).Should().Be((false, false));
    }

    [Fact]
    public void F1_Write_ClearsBothLatches()
    {
        Bench bench = Make();
        bench.Part.Error.Drive(true);
        bench.Part.Out(1, 0x00);
        Levels(bench).Should().Be((false, false));
        bench.Part.Out(0, 0x00);
        bench.Part.Out(1, 0x00);
        Levels(bench).Should().Be((false, false));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Read_EitherPort_IsOpenBus(int port)
    {
        Make().Part.In((ushort)port).Should().Be(0xFF);
    }

    private static (bool Interrupt, bool Ignore) Levels(Bench bench) => (bench.Wires[Irq13].Level, bench.Wires[Ignne].Level);
}
