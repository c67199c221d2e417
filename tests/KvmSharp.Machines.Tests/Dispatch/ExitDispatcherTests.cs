namespace KvmSharp.Machines.Tests;

public class ExitDispatcherTests
{
    private readonly PortBus _ports = new();
    private readonly RecordingDevice _device = new() { Answer = 0x5A };
    private readonly MachineTrace _trace = new(vm: null);
    private readonly ExitDispatcher _dispatcher;

    public ExitDispatcherTests()
    {
        _ports.Map(0x3F8, 8, _device);
        _dispatcher = new ExitDispatcher(new Lock(), _ports, new MmioBus()) { Trace = _trace };
        _dispatcher.ListenToBuses();
    }

    [Fact]
    public void TryHandle_StringWrite_SendsEachItem()
    {
        bool handled = _dispatcher.TryHandle(VmExit.Io(0, ExitDirection.Write, 0x3F8, 1, 3, 0), new byte[] { 1, 2, 3 });

        handled.Should().BeTrue();
        _device.Accesses.Should().Equal("write 0 1 1", "write 0 1 2", "write 0 1 3");
        _dispatcher.Counters.ByPort().Single().Should().Be(KeyValuePair.Create((ushort)0x3F8, 1L));
    }

    [Fact]
    public void TryHandle_StringRead_FillsEachItem()
    {
        var data = new byte[2];
        _dispatcher.TryHandle(VmExit.Io(0, ExitDirection.Read, 0x3F8, 1, 2, 0), data);
        data.Should().Equal(0x5A, 0x5A);
    }

    [Fact]
    public void TryHandle_UnmappedMmioRead_GivesOnes()
    {
        var data = new byte[4];
        _dispatcher.TryHandle(VmExit.Mmio(0, ExitDirection.Read, 0xB_8000, 4, 0), data).Should().BeTrue();
        data.Should().OnlyContain(b => b == 0xFF);
    }

    [Fact]
    public void TryHandle_UnmappedTwice_IsTracedOncePerPortAndPage()
    {
        _trace.Record(TraceKinds.Unmapped);
        for (int i = 0; i < 2; i++)
        {
            _dispatcher.TryHandle(VmExit.Io(0, ExitDirection.Write, 0x1F7, 1, 1, 0xEC), new byte[] { 0xEC });
            _dispatcher.TryHandle(VmExit.Mmio(0, ExitDirection.Write, 0xB_8000 + ((ulong)i * 2), 1, 0), new byte[] { 0 });
        }

        _trace.Select(traced => (traced.Kind, traced.Exit.Reason, traced.Address, traced.Value)).Should().Equal(
            (TraceEventKind.Unmapped, VmExitReason.Io, 0x1F7, 0xEC), (TraceEventKind.Unmapped, VmExitReason.Mmio, 0xB_8000, 0));
    }

    [Fact]
    public void TryHandle_StopOnUnmapped_DeclinesAndRemembersTheAccess()
    {
        _dispatcher.StopOnUnmapped = true;

        _dispatcher.TryHandle(VmExit.Io(0, ExitDirection.Read, 0x1F7, 1, 1, 0), new byte[1]).Should().BeFalse();

        _dispatcher.StoppedAt.Should().Be(new UnmappedAccess(AccessSpace.Port, ExitDirection.Read, 0x1F7, 1, 0));
    }

    [Fact]
    public void TryHandle_OtherExit_IsDeclined() => _dispatcher.TryHandle(VmExit.Plain(0, VmExitReason.Hlt), []).Should().BeFalse();
}
