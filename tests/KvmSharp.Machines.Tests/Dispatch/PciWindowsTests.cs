using FsCheck;
using FsCheck.Fluent;
using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public class PciWindowsTests
{
    private const int PortBar = 0x10;
    private const int MemoryBar = 0x14;
    private const uint OpenBoth = (uint)(PciCommand.PortSpace | PciCommand.MemorySpace);

    private readonly PortBus _ports = new();
    private readonly MmioBus _memory = new();
    private readonly PciWindows _windows;
    private readonly Function _one = new(answer: 0x11);
    private readonly Function _two = new(answer: 0x22);

    public PciWindowsTests()
    {
        _ports.Map(0x3F8, 8, new RecordingDevice { Answer = 0x99 });
        _memory.Map(0xFEC0_0000, 0x1000, new RecordingDevice { Answer = 0x99 });
        _windows = new PciWindows(_ports, _memory);
        _windows.Follow(_one);
        _windows.Follow(_two);
    }

    [Fact]
    public void Window_FollowsRegisterAndCommand()
    {
        Place(_one, 0xC000, 0xE000_0000);
        (_ports.Read(0xC00F, 1), _memory.Read(0xE000_0FFF, 1)).Should().Be((0x11, 0x11));

        _one.WriteConfig(PortBar, 4, 0xD000);
        (_ports.Read(0xC000, 1), _ports.Read(0xD000, 1)).Should().Be((0xFF, 0x11));

        _one.WriteConfig(PciRegister.Command, 2, 0);
        (_ports.Read(0xD000, 1), _memory.Read(0xE000_0000, 1)).Should().Be((0xFF, 0xFF));
    }

    [Fact]
    public void Overlap_WithAFixedDevice_FixedWins()
    {
        Place(_one, 0x3F0, 0xFEC0_0000);
        (_ports.Read(0x3F7, 1), _ports.Read(0x3F8, 1), _memory.Read(0xFEC0_0000, 4)).Should().Be((0x11, 0x99, 0x99));
    }

    [Fact]
    public void Overlap_OfWindows_FirstPlacedWinsUntilItGoes()
    {
        Place(_one, 0xC000, 0xE000_0000);
        Place(_two, 0xC000, 0xE000_0000);
        (_ports.Read(0xC000, 1), _memory.Read(0xE000_0000, 1)).Should().Be((0x11, 0x11));

        Place(_one, 0xC100, 0xE100_0000);
        (_ports.Read(0xC000, 1), _memory.Read(0xE000_0000, 1)).Should().Be((0x22, 0x22));

        Place(_one, 0xC000, 0xE000_0000);
        (_ports.Read(0xC000, 1), _memory.Read(0xE000_0000, 1)).Should().Be((0x22, 0x22), "who moves loses the right of way");
    }

    [Theory]
    [InlineData(0x0000_0000, 0)]
    [InlineData(0xFFFF_FFF0, 0xFFF0)] // as while its size is being asked for
    [InlineData(0x0001_C000, 0xC000)]
    public void Port_AtZeroOrBeyondTheLast_AnswersNowhere(uint address, ushort port)
    {
        Place(_one, address, 0);
        _ports.Read(port, 1).Should().Be(0xFF);
    }

    [Fact]
    public void Window_BackedByTheBoard_IsReported()
    {
        var moves = new List<ulong?>();
        _windows.BackedWindowMoved = (_, address) => moves.Add(address);
        var function = new Function(answer: 0, backed: true);
        _windows.Follow(function);

        function.WriteConfig(0x18, 4, 0xFD00_0000);
        function.WriteConfig(PciRegister.Command, 2, OpenBoth);
        function.WriteConfig(0x18, 4, 0xFC00_0000);
        function.WriteConfig(PciRegister.Command, 2, 0);

        moves.Should().Equal(0xFD00_0000, 0xFC00_0000, null);
    }

    [Fact]
    public void AnyPlacements_NeverThrowAndLeaveFixedDevicesAlone() => Prop.ForAll(
        Gen.Choose(int.MinValue, int.MaxValue).Select(n => unchecked((uint)n)).ArrayOf(60).ToArbitrary(),
        steps =>
        {
            foreach (uint step in steps)
            {
                Function function = (step & 1) == 0 ? _one : _two;
                switch ((step >> 1) & 3)
                {
                    case 0:
                        function.WriteConfig(PortBar, 4, 0x380 + ((step >> 3) & 0xF0));
                        break;
                    case 1:
                        function.WriteConfig(MemoryBar, 4, 0xFEBF_F000 + ((step >> 3) & 0x3000));
                        break;
                    case 2:
                        function.WriteConfig((int)(step >> 3) & 0x3C, 4, step);
                        break;
                    default:
                        function.WriteConfig(PciRegister.Command, 2, step >> 3);
                        break;
                }

                for (ushort port = 0x3F8; port < 0x400; port++)
                {
                    _ports.Read(port, 1).Should().Be(0x99);
                }

                (_memory.Read(0xFEC0_0000, 1), _memory.Read(0xFEC0_0FFF, 1)).Should().Be((0x99ul, 0x99ul));
            }

            _one.WriteConfig(PciRegister.Command, 2, 0);
            _two.WriteConfig(PciRegister.Command, 2, 0);
            Enumerable.Range(0x380, 0x78).Should().OnlyContain(port => _ports.Read((ushort)port, 1) == 0xFF);
            _memory.Read(0xFEC0_1000, 1).Should().Be(0xFF);
        }).QuickCheckThrowOnFailure();

    private static void Place(Function function, uint port, uint address)
    {
        function.WriteConfig(PciRegister.Command, 2, 0);
        function.WriteConfig(PortBar, 4, port);
        function.WriteConfig(MemoryBar, 4, address);
        function.WriteConfig(PciRegister.Command, 2, OpenBoth);
    }

    private sealed class Function : PciFunction
    {
        public Function(ulong answer, bool backed = false)
            : base(new PciIdentity { VendorId = 0x1234, DeviceId = 1, ClassCode = 0xFF_00_00 }, new Nowhere())
        {
            var device = new RecordingDevice { Answer = answer };
            AddBar(0, PciSpace.Port, 16, ports: device);
            AddBar(1, PciSpace.Memory32, 0x1000, memory: device);
            if (backed)
            {
                AddBar(2, PciSpace.Memory32, 0x100_0000);
            }

            PowerOnHeader();
        }
    }

    private sealed class Nowhere : ISignal
    {
        public void Drive(bool asserted)
        {
        }
    }
}
