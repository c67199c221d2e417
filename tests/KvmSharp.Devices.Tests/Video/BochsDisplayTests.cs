namespace KvmSharp.Devices.Tests;

public sealed class BochsDisplayTests : StatefulContract<BochsDisplay, BochsDisplayState>
{
    private readonly VideoMemory _memory = new(16 << 20);
    private readonly BochsDisplay _display;
    private readonly Vga _vga;

    public BochsDisplayTests()
    {
        _display = new BochsDisplay(_memory);
        _vga = new Vga(new ManualClock(), _memory, _display);
    }

    protected override int Ports => 3;

    internal override Bench Make() => new(new BochsDisplay(new VideoMemory()), new ManualClock());

    internal override void Disturb(Bench bench)
    {
        Set(bench.Part, 1, 640);
        Set(bench.Part, 2, 400);
        Set(bench.Part, 3, 8);
        Set(bench.Part, 4, 0x41);
    }

    private static void Set(BochsDisplay display, ushort register, ushort value)
    {
        display.WritePort(0, 2, register);
        display.WritePort(1, 2, value);
    }

    private static uint Get(BochsDisplay display, ushort register)
    {
        display.WritePort(0, 2, register);
        return display.ReadPort(1, 2);
    }

    private void Enable(ushort width, ushort height, ushort bits, ushort flags = 0x41)
    {
        Set(_display, 1, width);
        Set(_display, 2, height);
        Set(_display, 3, bits);
        Set(_display, 4, flags);
    }

    [Fact]
    public void Id_Versions_AreTakenUpToTheNewest()
    {
        Get(_display, 0).Should().Be(0xB0C5);
        Set(_display, 0, 0xB0C2);
        Get(_display, 0).Should().Be(0xB0C2);
        Set(_display, 0, 0x1234);
        Get(_display, 0).Should().Be(0xB0C2);
        Get(_display, 10).Should().Be(256, "64 KiB units");
    }

    [Fact]
    public void Enable_Mode_SetsTheRowAndClearsTheMemory()
    {
        _memory.Bytes[0] = 1;
        Enable(1024, 768, 32);
        (_memory.Bytes[0], Get(_display, 6), Get(_display, 7)).Should().Be((0, 1024, 4096));
        Set(_display, 1, 640);
        Get(_display, 1).Should().Be(1024, "sizes change while it is disabled only");
        Set(_display, 4, 0);
        _memory.Bytes[0] = 1;
        Enable(640, 480, 32, 0xC1);
        _memory.Bytes[0].Should().Be(1);
    }

    [Fact]
    public void Enable_WithoutSize_StaysDisabled()
    {
        Set(_display, 4, 0x41);
        _display.IsEnabled.Should().BeFalse();
    }

    [Fact]
    public void Capabilities_Asked_AreTheLargestMode()
    {
        Set(_display, 4, 0x02);
        (Get(_display, 1), Get(_display, 2), Get(_display, 3)).Should().Be((2560, 1600, 32));
    }

    [Fact]
    public void Enable_PictureLargerThanMemory_IsCut()
    {
        var display = new BochsDisplay(new VideoMemory());
        Set(display, 1, 2560);
        Set(display, 2, 1600);
        Set(display, 3, 32);
        Set(display, 4, 0x41);
        Get(display, 2).Should().Be(25, "256 KiB / 10240 bytes");
    }

    [Fact]
    public void VirtualSizeAndOffset_PastTheMemory_AreRefused()
    {
        Enable(1024, 768, 32);
        Set(_display, 6, 0xFFF8);
        Get(_display, 6).Should().Be(1024);
        Set(_display, 9, 3328);
        Get(_display, 9).Should().Be(3328);
        Set(_display, 9, 3329);
        Set(_display, 8, 1);
        (Get(_display, 8), Get(_display, 9)).Should().Be((0, 3328));
    }

    [Fact]
    public void Bank_Aperture_ShowsThatPartOfTheMemory()
    {
        _vga.SetTextMode();
        _vga.WritePort(0x1E, 2, 0x0506);
        Enable(1024, 768, 32);
        Set(_display, 5, 2);
        _vga.Aperture.WriteMmio(4, 4, 0x1234_5678);
        _memory.ReadMmio(0x2_0004, 4).Should().Be(0x1234_5678);
        Set(_display, 5, 256);
        Get(_display, 5).Should().Be(2, "there is no such bank");
    }

    [Fact]
    public void Dac_EightBits_AreKeptWhenAsked()
    {
        Enable(640, 480, 8, 0x61);
        _vga.OutAll(0x18, 0);
        _vga.OutAll(0x19, 0xFF, 0x80, 0x01);
        _vga.Out(0x17, 0);
        _vga.In(0x19).Should().Be(0xFF);
    }

    [Fact]
    public void PciFunction_Windows_AreFrameBufferAndRegisters()
    {
        var function = new BochsVgaFunction(_vga, _display, new Wire());
        function.ReadConfig(0, 4).Should().Be(0x1111_1234);
        function.ReadConfig(0x08, 4).Should().Be(0x0300_0002);
        function.WriteConfig(0x10, 4, uint.MaxValue);
        function.ReadConfig(0x10, 4).Should().Be(0xFF00_0008, "16 MiB, prefetchable");
        function.WriteConfig(0x18, 4, uint.MaxValue);
        function.ReadConfig(0x18, 4).Should().Be(0xFFFF_F000);
        function.WriteMmio(0x502, 2, 800);
        function.ReadMmio(0x502, 2).Should().Be(800);
        function.WriteMmio(0x402, 1, 0x67);
        function.ReadMmio(0x40C, 1).Should().Be(0x67);
        function.ReadMmio(0xFFF, 1).Should().Be(0);

        BochsVgaFunctionState saved = function.Save();
        function.Reset();
        function.ReadConfig(0x10, 4).Should().Be(0x0000_0008);
        function.Load(saved);
        function.ReadConfig(0x10, 4).Should().Be(0xFF00_0008);
    }
}
