using System.Xml.Linq;
using KvmSharp.Machines.Gdb;
using KvmSharp.Tests.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

/// <summary>Registers and their description, for the mode that the guest is in.</summary>
public class RegisterTests
{
    [Theory]
    [InlineData(StartMode.Real16, "i386", "eip", 32)]
    [InlineData(StartMode.Protected32, "i386", "eip", 32)]
    [InlineData(StartMode.Long64, "i386:x86-64", "rip", 64)]
    public void Description_OfAMode_NamesItsRegistersInTheirOrder(StartMode mode, string architecture, string register, int bits)
    {
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Endless, mode) with { Boot = Boot(mode) });
        using GdbClient client = machine.Connect();
        XDocument description = XDocument.Parse(ReadDescription(client).Replace("<!DOCTYPE target SYSTEM \"gdb-target.dtd\">", string.Empty, StringComparison.Ordinal));
        description.Root!.Element("architecture")!.Value.Should().Be(architecture);
        XElement[] registers = [.. description.Descendants("reg")];
        XElement found = registers.Single(r => r.Attribute("name")!.Value == register);
        found.Attribute("bitsize")!.Value.Should().Be($"{bits}");

        int bytes = registers.Sum(r => int.Parse(r.Attribute("bitsize")!.Value, System.Globalization.CultureInfo.InvariantCulture) / 8);
        client.Ask("g").Should().HaveLength(2 * bytes);
        string number = Array.IndexOf(registers, found).ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        client.Ask($"p{number}").Should().HaveLength(bits / 4).And.StartWith("00" + (mode == StartMode.Real16 ? "7c" : "00"));
    }

    [Theory]
    [InlineData("eax", "78563412")]
    [InlineData("esp", "00f0ffff")]
    [InlineData("eflags", "46020000")]
    [InlineData("st0", "00000000000000c00040")]
    [InlineData("st7", "0000000000000080ffff")]
    [InlineData("fctrl", "7f0e0000")]
    [InlineData("ftag", "ffff0000")]
    [InlineData("fioff", "44332211")]
    [InlineData("xmm7", "000102030405060708090a0b0c0d0e0f")]
    [InlineData("mxcsr", "801f0000")]
    [InlineData("gs_base", "00001000")]
    [InlineData("cr2", "efbeadde")]
    [InlineData("cr4", "00020000")]
    public void Register_Set_ReadsBack(string name, string value)
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Endless);
        using GdbClient client = machine.Connect();
        string number = NumberOf(TargetArchitecture.I386, name);
        client.Ask($"P{number}={value}").Should().Be("OK");
        client.Ask($"p{number}").Should().Be(value);
        string all = client.Ask("g");
        client.Ask("G" + all).Should().Be("OK", "nothing has changed");
        client.Ask("g").Should().Be(all);
        client.Ask("s").Should().StartWith("T05");
    }

    [Theory]
    [InlineData("rax", "efcdab8967452301")]
    [InlineData("r15", "00000000000000ff")]
    [InlineData("xmm15", "000102030405060708090a0b0c0d0e0f")]
    [InlineData("fs_base", "000000000080ffff")]
    [InlineData("k_gs_base", "000000000080ffff")]
    [InlineData("cr8", "0500000000000000")]
    public void Register_OfLongMode_ReadsBack(string name, string value)
    {
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Endless, StartMode.Long64));
        using GdbClient client = machine.Connect();
        string number = NumberOf(TargetArchitecture.Amd64, name);
        client.Ask($"P{number}={value}").Should().Be("OK");
        client.Ask($"p{number}").Should().Be(value);
    }

    [Theory]
    [InlineData("cr0", "01000080")] // paging without tables is fine, but...
    [InlineData("cs", "10000000")] // a load through the tables
    [InlineData("cr4", "000000ff")] // bits that there are not
    public void Register_WithAValueTheProcessorDoesNotTake_IsRefusedOrTaken(string name, string value)
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Endless);
        using GdbClient client = machine.Connect();
        string answer = client.Ask($"P{NumberOf(TargetArchitecture.I386, name)}={value}");
        answer.Should().Be(name == "cr0" ? "OK" : "E16");
    }

    [Fact]
    public void Selector_InRealMode_TakesItsBaseAlong()
    {
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Endless) with { Boot = Boot(StartMode.Real16) });
        using GdbClient client = machine.Connect();
        client.Ask($"P{NumberOf(TargetArchitecture.I386, "ds")}=00b80000").Should().Be("OK");
        client.Ask($"p{NumberOf(TargetArchitecture.I386, "ds_base")}").Should().Be("00800b00");
    }

    [Fact]
    public void TagWord_OfPushedValues_ClassifiesThem()
    {
        // fninit; fldz; fld1; jmp $
        byte[] code = [0xDB, 0xE3, 0xD9, 0xEE, 0xD9, 0xE8, 0xEB, 0xFE];
        using DebuggedMachine machine = StubGuests.Debug(code);
        using GdbClient client = machine.Connect();
        client.Ask("s");
        client.Ask("s");
        client.Ask("s");
        client.Ask($"p{NumberOf(TargetArchitecture.I386, "ftag")}").Should().Be("ff4f0000", "register 7 is zero, register 6 valid, the others are empty");
    }

    [Fact]
    public void Mode_ChangedUnderAConnection_IsSaidOnceAndShownByTheNext()
    {
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Endless, StartMode.Long64));
        GdbClient first = machine.Connect();
        first.Monitor("arch i386").Should().Contain("disconnect");
        first.Dispose();
        first.WaitForClose();

        using GdbClient second = machine.Connect();
        ReadDescription(second).Should().Contain("<architecture>i386</architecture>");
        second.Monitor("arch auto");
        second.Ask("s").Should().StartWith("O", "the mode is another");
        second.Receive().Should().StartWith("T05");
        second.Ask("s").Should().StartWith("T05", "it is said once");
        second.Dispose();
        second.WaitForClose();

        using GdbClient third = machine.Connect();
        ReadDescription(third).Should().Contain("<architecture>i386:x86-64</architecture>");
    }

    internal static string NumberOf(TargetArchitecture architecture, string name) =>
        architecture.Registers.Select((register, number) => (register, number)).Single(e => e.register.Name == name).number
            .ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    private static BootSource Boot(StartMode mode) => new()
    {
        Image = new ImageFile("test", StubGuests.Endless),
        Format = ImageFormat.Flat,
        Placement = new FlatPlacement { Mode = mode, LoadAddress = mode == StartMode.Real16 ? 0x7C00 : (uint)StubGuests.Start },
    };

    private static string ReadDescription(GdbClient client)
    {
        string xml = string.Empty;
        while (true)
        {
            string part = client.Ask($"qXfer:features:read:target.xml:{xml.Length:x},123");
            xml += part[1..];
            if (part[0] == 'l')
            {
                return xml;
            }
        }
    }
}
