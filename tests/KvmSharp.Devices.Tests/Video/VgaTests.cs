using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

public sealed class VgaTests : StatefulContract<Vga, VgaState>
{
    private const int MonoCrtc = 0x04; // offsets from 3B0h
    private const int MonoStatus = 0x0A;
    private const int Attribute = 0x10;
    private const int AttributeData = 0x11;
    private const int Miscellaneous = 0x12;
    private const int Sequencer = 0x14;
    private const int PixelMask = 0x16;
    private const int DacRead = 0x17;
    private const int DacWrite = 0x18;
    private const int DacData = 0x19;
    private const int MiscellaneousRead = 0x1C;
    private const int Graphics = 0x1E;
    private const int Crtc = 0x24;
    private const int Status = 0x2A;

    private readonly ManualClock _clock = new();
    private readonly Vga _vga;

    public VgaTests()
    {
        _vga = new Vga(_clock, new VideoMemory());
    }

    protected override int Ports => Vga.Ports;

    internal override Bench Make()
    {
        var clock = new ManualClock();
        return new Bench(new Vga(clock, new VideoMemory()), clock);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.SetTextMode();
        bench.Part.OutAll(Attribute, 0x01);
        bench.Part.Aperture.ReadMmio(0x1_8000, 1);
        bench.Part.OutAll(DacData, 1, 2);
    }

    internal override void Host(Vga part, byte value)
    {
        part.Aperture.WriteMmio(value * 511UL, 4, value * 0x0101_0101UL);
        part.Aperture.ReadMmio(value * 257UL, 2);
    }

    private byte Indexed(int port, int index)
    {
        _vga.Out(port, index);
        return _vga.In(port + 1);
    }

    [Fact]
    public void PowerOn_Registers_AreZeroAndThePortsMonochrome()
    {
        _vga.In(MiscellaneousRead).Should().Be(0);
        _vga.In(Crtc).Should().Be(0xFF, "nothing is at 3D4h");
        _vga.In(MonoCrtc).Should().Be(0);
        _vga.Aperture.ReadMmio(0, 1).Should().Be(0xFF, "the memory is off");
    }

    [Fact]
    public void MiscellaneousOutput_Bit0_MovesTheCrtController()
    {
        _vga.Out(Miscellaneous, 0x67);
        _vga.In(MiscellaneousRead).Should().Be(0x67);
        _vga.Out(Crtc, 0x0E);
        _vga.Out(Crtc + 1, 0x12);
        (_vga.In(MonoCrtc), _vga.In(MonoCrtc + 1), _vga.In(MonoStatus)).Should().Be((0xFF, 0xFF, 0xFF));
        _vga.Out(Miscellaneous, 0x66);
        (_vga.In(MonoCrtc), _vga.In(MonoCrtc + 1), _vga.In(Crtc)).Should().Be((0x0E, 0x12, 0xFF));
    }

    [Fact]
    public void IndexAndData_OneWordWrite_SetsBoth()
    {
        _vga.Out(Miscellaneous, 0x67);
        _vga.WritePort(Crtc, 2, 0x340F);
        Indexed(Crtc, 0x0F).Should().Be(0x34);
    }

    [Theory]
    [InlineData(Sequencer, 0x01, 0x3D)]
    [InlineData(Sequencer, 0x02, 0x0F)]
    [InlineData(Sequencer, 0x03, 0x3F)]
    [InlineData(Sequencer, 0x04, 0x0E)]
    [InlineData(Sequencer, 0x05, 0x00)]
    [InlineData(Graphics, 0x00, 0x0F)]
    [InlineData(Graphics, 0x03, 0x1F)]
    [InlineData(Graphics, 0x04, 0x03)]
    [InlineData(Graphics, 0x05, 0x7B)]
    [InlineData(Graphics, 0x08, 0xFF)]
    [InlineData(Graphics, 0x09, 0x00)]
    [InlineData(Graphics, 0xFF, 0x00)]
    public void IndexedRegister_AllOnes_KeepsTheBitsThereAre(int port, int register, byte kept)
    {
        _vga.WritePort((ushort)port, 2, (uint)(0xFF00 | register));
        Indexed(port, register).Should().Be(kept);
    }

    [Fact]
    public void VerticalRetraceEnd_Protect_LocksTheTimingButNotLineCompareBit8()
    {
        _vga.Out(Miscellaneous, 0x67);
        _vga.WritePort(Crtc, 2, 0x8011);
        _vga.WritePort(Crtc, 2, 0x5F00);
        _vga.WritePort(Crtc, 2, 0xFF07);
        _vga.WritePort(Crtc, 2, 0x4008);
        (Indexed(Crtc, 0), Indexed(Crtc, 7), Indexed(Crtc, 8)).Should().Be((0x00, 0x10, 0x40));
        _vga.WritePort(Crtc, 2, 0x0011);
        _vga.WritePort(Crtc, 2, 0x5F00);
        Indexed(Crtc, 0).Should().Be(0x5F);
    }

    [Fact]
    public void Attribute_Writes_AlternateBetweenIndexAndData()
    {
        _vga.OutAll(Attribute, 0x02, 0x15, 0x03, 0x2A, 0x22);
        _vga.In(Attribute).Should().Be(0x22);
        _vga.In(AttributeData).Should().Be(0x15);
        _vga.In(MonoStatus); // back to the index
        _vga.Out(Attribute, 0x03);
        _vga.In(AttributeData).Should().Be(0x2A);
    }

    [Fact]
    public void Dac_Write_TakesThreeComponentsAndGoesOn()
    {
        _vga.Out(DacWrite, 7);
        _vga.OutAll(DacData, 1, 2, 0xFF, 4, 5, 6);
        _vga.In(DacRead).Should().Be(0, "the write address counts");
        _vga.Out(DacRead, 7);
        _vga.In(DacRead).Should().Be(3);
        Enumerable.Range(0, 6).Select(_ => _vga.In(DacData)).Should().Equal(1, 2, 0x3F, 4, 5, 6);
    }

    [Fact]
    public void Dac_UnfinishedColor_IsNotStored()
    {
        _vga.Out(DacWrite, 7);
        _vga.OutAll(DacData, 1, 2);
        _vga.Out(DacRead, 7);
        Enumerable.Range(0, 3).Select(_ => _vga.In(DacData)).Should().Equal(0, 0, 0);
    }

    [Fact]
    public void Dac_LastColor_IsFollowedByTheFirst()
    {
        _vga.Out(DacWrite, 255);
        _vga.OutAll(DacData, 1, 2, 3, 4, 5, 6);
        _vga.Out(DacRead, 0);
        _vga.In(DacData).Should().Be(4);
        _vga.Out(PixelMask, 0x0F);
        _vga.In(PixelMask).Should().Be(0x0F);
    }

    [Fact]
    public void InputStatus1_AFrame_HasOneRetraceAndALineOfEachScanLine()
    {
        _vga.SetTextMode();
        int retraces = 0;
        int lines = 0;
        byte before = _vga.In(Status);
        for (long time = 0; time < 14_268_000; time += 1000) // 100 characters of 9 dots, 449 lines, 28.322 MHz
        {
            _clock.AdvanceTo(time);
            byte status = _vga.In(Status);
            retraces += (~before & status & 0x08) >> 3;
            lines += ~before & status & 0x01;
            before = status;
        }

        (retraces, lines).Should().Be((1, 400));
    }

    [Fact]
    public void InputStatus1_NoTimingSet_StillComesToARetrace()
    {
        var seen = new HashSet<byte>();
        for (int i = 0; i < 20_000; i++)
        {
            _clock.AdvanceBy(1000);
            seen.Add(_vga.In(MonoStatus));
        }

        seen.Should().BeEquivalentTo([0x00, 0x01, 0x09]);
    }

    [Fact]
    public void SetTextMode_Screen_IsSpacesWithAFont()
    {
        _vga.SetTextMode();
        _vga.Aperture.ReadMmio(0x1_8000 + 3998, 4).Should().Be(0x0720_0720);
        _vga.Aperture.WriteMmio(0x1_8000, 2, 0x1F41);
        _vga.Aperture.ReadMmio(0x1_8000, 4).Should().Be(0x0720_1F41);
        _vga.Memory.Bytes.Slice(4 * 32 * 'A', 4 * 16).ToArray().Where((_, i) => i % 4 == 2).Should().Equal(VgaFont.Glyphs.Slice(16 * 'A', 16).ToArray());
    }

    [Fact]
    public void Access_Million_AllocatesNothing()
    {
        _vga.SetTextMode();
        Touch();
        AllocatedBytes.Least(Touch).Should().Be(0);

        void Touch()
        {
            for (uint i = 0; i < 100_000; i++)
            {
                _vga.WritePort((ushort)(i % 48), 1, i & 0xFF);
                _vga.ReadPort((ushort)(i % 48), 1);
                _vga.Aperture.WriteMmio(i & 0x1_FFF8, 8, i);
                _vga.Aperture.ReadMmio(i & 0x1_FFF8, 8);
            }
        }
    }

    [Fact]
    public void Storm_Anything_StaysInMemory() => Prop.ForAll(Storms.Arbitrary, storm =>
    {
        Storms.Run(storm, _vga, _clock, Ports, Host);
        _vga.Aperture.ReadMmio(0x1_FFFF, 8); // past the end: nothing of the array is out of reach
    }).Check(Config.QuickThrowOnFailure);
}
