using System.Text;

namespace KvmSharp.Machines.Tests;

public class SymbolTableTests
{
    [Fact]
    public void Read_Elf_FindsSymbolsByAddress()
    {
        SymbolTable table = SymbolTable.Read(new SymbolElf { Code = new byte[64] }.With("start", 0, 16).With("work", 16, 8).With("tail", 32).Build());

        table.Describe(SymbolElf.Address).Should().Be("start");
        table.Describe(SymbolElf.Address + 18).Should().Be("work+2h");
        table.Describe(SymbolElf.Address + 24).Should().BeNull("work ends there");
        table.Describe(SymbolElf.Address + 63).Should().Be("tail+1Fh");
        table.Describe(SymbolElf.Address - 1).Should().BeNull();
    }

    [Fact]
    public void Read_StrippedElf_NamesItsSections() =>
        SymbolTable.Read(new SymbolElf { Code = new byte[4] }.Build()).Symbols.Should().Equal(new Symbol(".text", SymbolElf.Address, 4, IsCode: true));

    [Theory]
    [InlineData("00100000 T start\n00100010 t work\n")]
    [InlineData("0x100000 start\r\n0x100010 work\r\nnot a line of a map at all")]
    public void Read_Map_FindsSymbols(string map)
    {
        SymbolTable table = SymbolTable.Read(new ImageFile("map", Encoding.ASCII.GetBytes(map)));
        (table.Describe(0x10_0004), table.Describe(0x10_0010)).Should().Be(("start+4h", "work"));
    }

    [Theory]
    [InlineData(2, 16, 0x7FFF_FFFF, "*Section 2 *truncated*")] // offset of the symbols
    [InlineData(3, 20, uint.MaxValue, "*Section 3 *truncated*")] // length of their names
    [InlineData(2, 24, 99, "*Section 2 *section 99*")] // link to the names
    [InlineData(1, 20, 0x1000_0000, "*Section 1 *truncated*")] // length of the code
    public void Read_MalformedElf_NamesTheSection(int section, int field, uint value, string message)
    {
        ImageFile file = new SymbolElf { Code = new byte[4], Spoilt = (section, field, value) }.With("start", 0).Build();
        FluentActions.Invoking(() => SymbolTable.Read(file)).Should().Throw<ImageException>().WithMessage(message);
    }

    [Fact]
    public void Read_EveryTruncation_IsRefusedOrRead()
    {
        ImageFile file = new SymbolElf { Code = new byte[16] }.With("start", 0).Build();
        for (int length = 4; length < file.Bytes.Length; length++)
        {
            try
            {
                SymbolTable.Read(file with { Bytes = file.Bytes[..length] });
            }
            catch (ImageException)
            {
                // as it should
            }
        }
    }

    [Fact]
    public void Read_Nonsense_IsRefused() =>
        FluentActions.Invoking(() => SymbolTable.Read(new ImageFile("x", new byte[100]))).Should().Throw<ImageException>().WithMessage("*names no address*");
}
