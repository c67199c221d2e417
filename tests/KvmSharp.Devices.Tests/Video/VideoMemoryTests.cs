namespace KvmSharp.Devices.Tests;

public class VideoMemoryTests
{
    private const int Size = 4 << 20;

    [Fact]
    public void Memory_BehindTheFirstPart_TakesRoomOnlyWhenAccessed()
    {
        var memory = new VideoMemory(Size);
        (memory.Length, memory.UsedLength).Should().Be((Size, VideoMemory.VgaBytes));
        memory.WriteMmio(VideoMemory.VgaBytes, 4, 0x1234_5678);
        (memory.UsedLength, memory.ReadMmio(VideoMemory.VgaBytes, 4)).Should().Be((2 * VideoMemory.VgaBytes, 0x1234_5678UL));
        memory.ReadMmio(Size - 1, 1).Should().Be(0);
    }

    [Fact]
    public void ShareFrom_ThenWritten_IsApart()
    {
        var one = new VideoMemory(Size);
        one.WriteMmio(5, 1, 0x11);
        var other = new VideoMemory(Size);
        other.ShareFrom(one);
        other.ReadMmio(5, 1).Should().Be(0x11);

        other.WriteMmio(5, 1, 0x22);
        one.WriteMmio(6, 1, 0x33);
        (one.ReadMmio(5, 2), other.ReadMmio(5, 2)).Should().Be((0x3311UL, 0x0022UL));
    }

    [Fact]
    public void ShareFrom_ThenGrown_IsApart()
    {
        var one = new VideoMemory(Size);
        var other = new VideoMemory(Size);
        other.ShareFrom(one);
        other.WriteMmio(Size - 1, 1, 0x44);
        other.WriteMmio(0, 1, 0x55);
        (one.ReadMmio(0, 1), one.ReadMmio(Size - 1, 1), other.ReadMmio(Size - 1, 1)).Should().Be((0UL, 0UL, 0x44UL));
    }

    [Fact]
    public void SetTextMode_OfSeveralAdapters_KeepsThemApart()
    {
        var memory = new VideoMemory(Size);
        var other = new VideoMemory(Size);
        var vga = new Vga(new ManualClock(), memory);
        vga.SetTextMode();
        new Vga(new ManualClock(), other).SetTextMode();
        uint space = (uint)other.ReadMmio(0, 4);

        memory.WriteMmio(0, 4, 0x1234_5678);
        memory.WriteMmio(VideoMemory.VgaBytes, 4, 1);
        other.ReadMmio(0, 4).Should().Be(space);

        vga.SetTextMode(); // in memory that has grown
        (memory.ReadMmio(0, 4), memory.ReadMmio(VideoMemory.VgaBytes, 4), memory.IsEmptyScreen, other.IsEmptyScreen).Should().Be((space, 1UL, false, true));
    }
}
