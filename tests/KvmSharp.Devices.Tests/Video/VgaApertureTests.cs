namespace KvmSharp.Devices.Tests;

/// <summary>The ways to the planes. Each test sets the registers that its mode needs, as a program does.</summary>
public sealed class VgaApertureTests
{
    private const int Sequencer = 0x14; // offsets from 3B0h
    private const int Graphics = 0x1E;
    private const int ColorText = 0x1_8000; // B8000h

    private readonly Vga _vga = new(new ManualClock(), new VideoMemory());

    public VgaApertureTests()
    {
        _vga.Out(0x12, 0x63);
        SetGraphics(8, 0xFF); // all bits
        SetGraphics(7, 0x0F); // all planes
    }

    private void SetSequencer(int register, int value) => _vga.WritePort(Sequencer, 2, (uint)((value << 8) | register));

    private void SetGraphics(int register, int value) => _vga.WritePort(Graphics, 2, (uint)((value << 8) | register));

    private void SetPlanar()
    {
        SetSequencer(4, 0x06);
        SetSequencer(2, 0x0F);
        SetGraphics(5, 0x00);
        SetGraphics(6, 0x05);
    }

    private void Write(int offset, int value) => _vga.Aperture.WriteMmio((ulong)offset, 1, (byte)value);

    private byte Read(int offset) => (byte)_vga.Aperture.ReadMmio((ulong)offset, 1);

    private byte[] Planes(int place) => _vga.Memory.Bytes.Slice(4 * place, 4).ToArray();

    [Fact]
    public void OddEven_Text_GoesToPlanesZeroAndOneOfEvenPlaces()
    {
        SetSequencer(4, 0x02);
        SetSequencer(2, 0x03);
        SetGraphics(5, 0x10);
        SetGraphics(6, 0x0E);
        _vga.Aperture.WriteMmio(ColorText + 2, 2, 0x1F41);
        Planes(2).Should().Equal(0x41, 0x1F, 0, 0);
        Planes(1).Should().Equal(0, 0, 0, 0);
        _vga.Aperture.ReadMmio(ColorText + 2, 2).Should().Be(0x1F41);
    }

    [Fact]
    public void Chain4_Bytes_GoToThePlaneOfTheLowAddressBits()
    {
        SetSequencer(4, 0x0E);
        SetSequencer(2, 0x0F);
        SetGraphics(5, 0x40);
        SetGraphics(6, 0x05);
        _vga.Aperture.WriteMmio(4, 8, 0x8877_6655_4433_2211);
        Planes(4).Should().Equal(0x11, 0x22, 0x33, 0x44);
        Planes(8).Should().Equal(0x55, 0x66, 0x77, 0x88);
        _vga.Aperture.ReadMmio(5, 4).Should().Be(0x5544_3322);
    }

    [Fact]
    public void Unchained_MapMask_ChoosesPlanes()
    {
        SetPlanar();
        SetSequencer(2, 0x05);
        Write(7, 0xAB);
        Planes(7).Should().Equal(0xAB, 0, 0xAB, 0);
    }

    [Theory]
    [InlineData(0, 0x10)]
    [InlineData(1, 0x20)]
    [InlineData(2, 0x30)]
    [InlineData(3, 0x40)]
    public void ReadMode0_ReadMapSelect_ChoosesThePlane(int plane, byte expected)
    {
        SetPlanar();
        new byte[] { 0x10, 0x20, 0x30, 0x40 }.CopyTo(_vga.Memory.Bytes);
        SetGraphics(4, plane);
        Read(0).Should().Be(expected);
    }

    [Fact]
    public void ReadMode1_ColorCompare_MarksEqualPixels()
    {
        SetPlanar();
        new byte[] { 0b1100_0000, 0b1010_0000, 0, 0 }.CopyTo(_vga.Memory.Bytes); // pixels of colours 3, 1, 2, 0, 0...
        SetGraphics(5, 0x08);
        SetGraphics(2, 0x01);
        Read(0).Should().Be(0b0100_0000);
        SetGraphics(7, 0x01); // only plane 0 counts
        Read(0).Should().Be(0b1100_0000);
        SetGraphics(7, 0x00);
        Read(0).Should().Be(0xFF);
    }

    [Fact]
    public void WriteMode0_SetReset_ReplacesTheDataOfEnabledPlanes()
    {
        SetPlanar();
        SetGraphics(0, 0x05);
        SetGraphics(1, 0x03);
        Write(0, 0x3C);
        Planes(0).Should().Equal(0xFF, 0x00, 0x3C, 0x3C);
    }

    [Theory]
    [InlineData(0x00, 0b0000_1111)]
    [InlineData(0x08, 0b0000_0101)] // AND
    [InlineData(0x10, 0b0101_1111)] // OR
    [InlineData(0x18, 0b0101_1010)] // XOR
    [InlineData(0x02, 0b1100_0011)] // rotated by 2
    public void WriteMode0_DataRotate_RotatesAndCombinesWithTheLatch(int register, byte expected)
    {
        SetPlanar();
        Write(0, 0b0101_0101);
        Read(0);
        SetGraphics(3, register);
        Write(0, 0b0000_1111);
        Planes(0).Should().Equal(expected, expected, expected, expected);
    }

    [Fact]
    public void WriteMode0_BitMask_KeepsOtherBitsFromTheLatchOfTheLastRead()
    {
        SetPlanar();
        Write(0, 0x55);
        Write(1, 0x00);
        Read(0);
        SetGraphics(8, 0x0F);
        Write(1, 0xFF);
        Planes(1).Should().Equal(0x5F, 0x5F, 0x5F, 0x5F);
    }

    [Fact]
    public void WriteMode1_AnyByte_CopiesTheLatches()
    {
        SetPlanar();
        new byte[] { 1, 2, 3, 4 }.CopyTo(_vga.Memory.Bytes);
        Read(0);
        SetGraphics(5, 0x01);
        Write(9, 0xFF);
        Planes(9).Should().Equal(1, 2, 3, 4);
    }

    [Fact]
    public void WriteMode2_Color_GoesToTheMaskedPixels()
    {
        SetPlanar();
        Read(0);
        SetGraphics(5, 0x02);
        SetGraphics(8, 0x80);
        Write(0, 0x0A);
        Planes(0).Should().Equal(0x00, 0x80, 0x00, 0x80);
    }

    [Fact]
    public void WriteMode3_Byte_MasksTheSetResetColor()
    {
        SetPlanar();
        Read(0);
        SetGraphics(5, 0x03);
        SetGraphics(0, 0x06);
        SetGraphics(8, 0xF0);
        Write(0, 0x3C);
        Planes(0).Should().Equal(0x00, 0x30, 0x30, 0x00);
    }

    [Theory]
    [InlineData(0x00, 0x0_0000, 0x1_FFFF)]
    [InlineData(0x04, 0x0_0000, 0x0_FFFF)]
    [InlineData(0x08, 0x1_0000, 0x1_7FFF)]
    [InlineData(0x0C, 0x1_8000, 0x1_FFFF)]
    public void Miscellaneous_MemoryMap_DecidesWhatAnswers(int map, int first, int last)
    {
        SetPlanar();
        SetGraphics(6, map | 1);
        Write(first, 0x5A);
        Read(first).Should().Be(0x5A);
        _vga.Memory.Bytes[0].Should().Be(0x5A, "the part begins at place 0");
        Read(last).Should().NotBe(0xFF);
        foreach (int outside in new[] { first - 1, last + 1 }.Where(o => o is >= 0 and < Vga.ApertureBytes))
        {
            Read(outside).Should().Be(0xFF);
        }
    }

    [Fact]
    public void MiscellaneousOutput_MemoryOff_NothingAnswers()
    {
        SetPlanar();
        _vga.Out(0x12, 0x61);
        Write(0, 0x5A);
        Read(0).Should().Be(0xFF);
        _vga.Memory.Bytes[0].Should().Be(0);
    }
}
