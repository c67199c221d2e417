namespace KvmSharp.Machines.Tests;

public class ImageFormatsTests
{
    [Fact]
    public void Detect_TwoBytes_IsFlat() => ImageFormats.Detect([0xEB, 0xFE]).Should().Be(ImageFormat.Flat);

    [Fact]
    public void Detect_SectorWithSignature_IsBootSector() => ImageFormats.Detect(Sector()).Should().Be(ImageFormat.BootSector);

    [Fact]
    public void Detect_SectorWithoutSignature_IsFlat() => ImageFormats.Detect(new byte[512]).Should().Be(ImageFormat.Flat);

    [Fact]
    public void Detect_ElfWithoutHeader_IsElf() => ImageFormats.Detect(new ElfBuilder().Build()).Should().Be(ImageFormat.Elf);

    [Fact]
    public void Detect_HeaderWithAddresses_IsMultiboot() => ImageFormats.Detect(new MultibootBuilder().Build()).Should().Be(ImageFormat.Multiboot);

    [Fact]
    public void Detect_HeaderWithoutAddressesAndNoElf_IsFlat() => ImageFormats.Detect(new MultibootBuilder { Flags = 3 }.Build()).Should().Be(ImageFormat.Flat);

    [Fact]
    public void Detect_HeaderInBootSector_IsMultiboot()
    {
        byte[] sector = Sector();
        new MultibootBuilder().Build().CopyTo(sector, 0);
        ImageFormats.Detect(sector).Should().Be(ImageFormat.Multiboot);
    }

    [Fact]
    public void Detect_HeaderPastTheFirst8192Bytes_IsNotFound()
    {
        byte[] image = new byte[16384];
        new MultibootBuilder().Build().CopyTo(image, 8192 - MultibootBuilder.HeaderOffset);
        ImageFormats.Detect(image).Should().Be(ImageFormat.Flat);
    }

    [Fact]
    public void Detect_LargerThanConventionalMemory_IsRefused()
    {
        Action detect = () => ImageFormats.Detect(new byte[FlatImage.LargestDetected + 1]);
        detect.Should().Throw<ImageException>().WithMessage("*load address*");
    }

    private static byte[] Sector()
    {
        var sector = new byte[512];
        sector[510] = 0x55;
        sector[511] = 0xAA;
        return sector;
    }
}
