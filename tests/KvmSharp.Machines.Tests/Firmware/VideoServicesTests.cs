namespace KvmSharp.Machines.Tests;

public class VideoServicesTests
{
    [Fact]
    public void PowerOn_SetsMode3_InRegistersAndDataArea()
    {
        var bench = new ServiceBench(screen: true);
        CallRegisters mode = bench.Call(0x10, new CallRegisters { Eax = 0x0F00, Ebx = 0xFF00 });
        (mode.Ax, mode.Bx >> 8).Should().Be((0x5003, 0));
        bench.Call(0x10, new CallRegisters { Eax = 0x0003 });
        bench.Latches.Writes.Should().ContainInOrder((0x3C2, 0x67), (0x3D4, 0x11), (0x3D5, 0x00), (0x3D4, 0x01), (0x3D5, 0x4F));
        bench.Latches.Writes.Should().Contain((0x3C0, 0x20), "the screen is switched on again");
        (bench.Memory.Bytes[0x449], bench.Memory.Bytes[0x44A], bench.Memory.Bytes[0x484]).Should().Be((3, 80, 24));
    }

    [Fact]
    public void Teletype_WrapsAndScrolls()
    {
        var bench = new ServiceBench(screen: true);
        bench.Print(new string('x', 81) + "\r\n\aend\b!");
        bench.Row(0).Should().Be(new string('x', 80));
        bench.Row(1).Should().Be("x");
        bench.Row(2).Should().Be("en!");
        bench.Print(string.Concat(Enumerable.Range(0, 25).Select(i => $"\r\nline {i}")));
        bench.Row(0).Should().Be("line 0");
        bench.Row(24).Should().Be("line 24");
        CallRegisters cursor = bench.Call(0x10, new CallRegisters { Eax = 0x0300 });
        cursor.Dx.Should().Be((24 << 8) | 7);
        (bench.Latches[0x3D4], bench.Latches[0x3D5]).Should().Be((0x0F, 0x87), "the CRT controller shows the cursor there: cell 0787h");
    }

    [Fact]
    public void WriteAndRead_AtTheCursor_KeepCharacterAndAttribute()
    {
        var bench = new ServiceBench(screen: true);
        bench.Call(0x10, new CallRegisters { Eax = 0x0200, Edx = 0x0A14 });
        bench.Call(0x10, new CallRegisters { Eax = 0x0923, Ebx = 0x004E, Ecx = 3 });
        bench.Call(0x10, new CallRegisters { Eax = 0x0800 }).Ax.Should().Be(0x4E23);
        bench.Call(0x10, new CallRegisters { Eax = 0x0A24, Ecx = 1 });
        bench.Call(0x10, new CallRegisters { Eax = 0x0800 }).Ax.Should().Be(0x4E24, "function 0Ah leaves the colour");
        bench.Row(10).Should().Be(new string(' ', 20) + "$##");
    }

    [Fact]
    public void Scroll_Window_MovesOnlyTheWindow()
    {
        var bench = new ServiceBench(screen: true);
        bench.Print("abcd\r\nefgh\r\nijkl\r\nmnop");
        bench.Call(0x10, new CallRegisters { Eax = 0x0601, Ebx = 0x1700, Ecx = 0x0001, Edx = 0x0202 });
        Enumerable.Range(0, 4).Select(bench.Row).Should().Equal("afgd", "ejkh", "i  l", "mnop");
        bench.Video.Bytes[0x1_8000 + 320 + 3].Should().Be(0x17, "blank lines get the attribute");
        bench.Call(0x10, new CallRegisters { Eax = 0x0701, Ecx = 0x0001, Edx = 0x0202 });
        Enumerable.Range(0, 4).Select(bench.Row).Should().Equal("a  d", "efgh", "ijkl", "mnop");
        bench.Call(0x10, new CallRegisters { Eax = 0x0600, Edx = 0x184F });
        Enumerable.Range(0, 4).Select(bench.Row).Should().AllBe(string.Empty);
    }

    [Fact]
    public void Int1013_WritesAString_WithItsOwnAttributes()
    {
        var bench = new ServiceBench(screen: true);
        byte[] pairs = [(byte)'o', 0x1E, (byte)'k', 0x2E];
        bench.Memory.TryWrite(0x9000, pairs);
        bench.Call(0x10, new CallRegisters { Eax = 0x1303, Ecx = 2, Edx = 0x0500, Ebp = 0x9000 });
        bench.Video.Bytes.AsSpan(0x1_8000 + (5 * 160), 4).ToArray().Should().Equal(pairs);
        bench.Call(0x10, new CallRegisters { Eax = 0x0300 }).Dx.Should().Be(0x0502);
    }

    [Fact]
    public void Mode13_HasPixelsAndTheDefaultPalette()
    {
        var bench = new ServiceBench(screen: true);
        bench.Call(0x10, new CallRegisters { Eax = 0x0013 });
        bench.Call(0x10, new CallRegisters { Eax = 0x0C2A, Ecx = 319, Edx = 199 });
        bench.Video.Bytes[63_999].Should().Be(0x2A);
        bench.Call(0x10, new CallRegisters { Eax = 0x0D00, Ecx = 319, Edx = 199 }).Al.Should().Be(0x2A);
        bench.Call(0x10, new CallRegisters { Eax = 0x0C2A, Ecx = 320, Edx = 199 });
        bench.Video.Bytes[64_000].Should().Be(0, "beyond the line's end nothing is written");

        byte[] palette = [.. bench.Latches.Writes.Where(w => w.Port == 0x3C9).Select(w => w.Value)];
        palette.Should().HaveCount(768);
        byte[] Entry(int color) => palette.AsSpan(3 * color, 3).ToArray();
        Entry(6).Should().Equal([42, 21, 0], "brown");
        Entry(15).Should().Equal([63, 63, 63]);
        Entry(32).Should().Equal([0, 0, 63]);
        Entry(33).Should().Equal([16, 0, 63]);
        Entry(40).Should().Equal([63, 0, 0]);
        Entry(48).Should().Equal([0, 63, 0]);
        Entry(255).Should().Equal([0, 0, 0]);
    }

    [Fact]
    public void Information_TellsOfAVga_AndOfNoVesa()
    {
        var bench = new ServiceBench(screen: true);
        CallRegisters display = bench.Call(0x10, new CallRegisters { Eax = 0x1A00 });
        (display.Al, display.Bx & 0xFF).Should().Be((0x1A, 8));
        bench.Call(0x10, new CallRegisters { Eax = 0x1200, Ebx = 0xFF10 }).Bx.Should().Be(3);
        CallRegisters font = bench.Call(0x10, new CallRegisters { Eax = 0x1130, Ebx = 0x0600 });
        (font.Cx, font.Dx & 0xFF, font.Es).Should().Be((16, 24, 0xF000));
        bench.Call(0x10, new CallRegisters { Eax = 0x4F00 }).Al.Should().NotBe(0x4F);
    }

    [Fact]
    public void SerialConsole_TextThatFlows_IsSentAsItIs()
    {
        var bench = new ServiceBench(console: true);
        bench.Call(0x10, new CallRegisters { Eax = 0x0003 });
        bench.Print("one\r\ntwo\r\n");
        bench.Serial.Should().Be("one\r\ntwo\r\n");
    }

    [Fact]
    public void SerialConsole_TextThatIsPlaced_MovesTheTerminalsCursor()
    {
        var bench = new ServiceBench(console: true);
        bench.Call(0x10, new CallRegisters { Eax = 0x0200, Edx = 0x0509 });
        bench.Call(0x10, new CallRegisters { Eax = 0x09C4, Ebx = 0x0070, Ecx = 2 });
        bench.Call(0x10, new CallRegisters { Eax = 0x0200, Edx = 0x0600 });
        bench.Print("x");
        bench.Serial.Should().Be("\u001B[6;10H\u001B[7m--\r\n\u001B[0mx");
    }

    [Fact]
    public void SerialConsole_GuestProgramsThePort_IsTheGuests()
    {
        var bench = new ServiceBench(console: true);
        bench.Print("a");
        bench.Call(0x14, new CallRegisters { Eax = 0x00E3 });
        bench.Latches.Sent.Clear();
        bench.Print("b");
        bench.Serial.Should().BeEmpty();
        bench.Call(0x14, new CallRegisters { Eax = 0x0163 });
        bench.Serial.Should().Be("c");
    }

    [Fact]
    public void SerialConsole_Off_SendsNothing()
    {
        var bench = new ServiceBench();
        bench.Print("a");
        bench.Serial.Should().BeEmpty();
    }
}
