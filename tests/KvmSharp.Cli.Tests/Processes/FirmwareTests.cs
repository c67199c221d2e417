namespace KvmSharp.Cli.Tests;

public sealed class FirmwareTests : IDisposable
{
    private const int RomBytes = 64 * 1024;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Bios_StartsAndItsDebugOutputIsLogged()
    {
        // mov dx,402h; mov al,'h'; out dx,al; mov al,'i'; out dx,al; mov al,10; out dx,al; cli; hlt
        string rom = Rom(0xBA, 0x02, 0x04, 0xB0, (byte)'h', 0xEE, 0xB0, (byte)'i', 0xEE, 0xB0, 10, 0xEE, 0xFA, 0xF4);

        Cli.Result result = Cli.Run("run", "--bios", rom, "--verbose");

        result.Status.Should().Be(0, result.Errors);
        result.Errors.Should().Contain("Firmware: hi");
        Cli.Run("run", "--bios", rom).Errors.Should().BeEmpty();
    }

    [Theory]
    [InlineData("*--bios too*", "--option-rom", "x.rom", "image")]
    [InlineData("*leave IMAGE*", "--bios", "x.rom", "image")]
    [InlineData("*leave IMAGE and --kernel*", "--bios", "x.rom", "--kernel", "k")]
    public void Bios_WithWhatItExcludes_IsAUsageError(string message, params string[] arguments)
    {
        Cli.Result result = Cli.Run(["run", .. arguments]);
        result.Status.Should().Be(2);
        result.Errors.Should().Match(message);
    }

    [Fact]
    public void Roms_ThatAreNone_AreRefusedInASentence()
    {
        string text = _folder.File("text.rom");
        File.WriteAllText(text, "no ROM");
        string large = _folder.File("large.rom");
        using (FileStream file = File.Create(large))
        {
            file.SetLength(17 << 20);
        }

        Refused("--bios", text, "*is no firmware ROM*multiple of 64 KiB*");
        Refused("--bios", large, "*at most 16 MiB*");
        Refused("--bios", _folder.File("missing.rom"), "*does not exist*");
        Refused("--option-rom", text, "*is no option ROM*", "--bios", Rom(0xF4));
    }

    private static void Refused(string option, string path, string message, params string[] others)
    {
        Cli.Result result = Cli.Run(["run", option, path, .. others]);
        result.Status.Should().Be(66);
        result.Errors.Should().Match(message).And.Contain(path);
    }

    private string Rom(params byte[] code)
    {
        var rom = new byte[RomBytes];
        code.CopyTo(rom, 0);
        new byte[] { 0xEA, 0x00, 0x00, 0x00, 0xF0 }.CopyTo(rom, RomBytes - 16); // jmp F000:0000
        string path = _folder.File("ours.rom");
        File.WriteAllBytes(path, rom);
        return path;
    }
}
