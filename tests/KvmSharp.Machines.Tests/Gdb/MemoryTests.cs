using KvmSharp.Tests.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

/// <summary>Memory by linear addresses, through the guest's own page tables.</summary>
public class MemoryTests
{
    private const ulong LargePage = 0x83; // P, RW, PS
    private const ulong Accessed = 1 << 5;

    [Fact]
    public void Memory_ReadAndWritten_IsTheGuests()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask("m100000,6").Should().Be("b80000000040");
        client.Ask("M200ffe,4:01020304").Should().Be("OK");
        client.Ask("X201000,3:}\u0003}]a").Should().Be("OK");
        client.Ask("m200ffe,6").Should().Be("0102237d6100");
        client.Ask("X200000,0:").Should().Be("OK");
    }

    [Theory]
    [InlineData("m3ffffe,10", 2)] // to the end of RAM
    [InlineData("m0,ffffffff", 0x1FFF)] // as much as a packet holds
    [InlineData("m9fff0,20", 0x10)] // to the VGA's memory, which is a device
    public void Memory_MoreThanThereIs_IsReadAsFarAsItGoes(string packet, int bytes)
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask(packet).Should().HaveLength(2 * bytes);
    }

    [Theory]
    [InlineData("m400000,4")]
    [InlineData("ma0000,1")]
    [InlineData("mfec00000,4")]
    [InlineData("M3ffffe,4:01020304")]
    public void Memory_WhereThereIsNone_IsAnError(string packet)
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask(packet).Should().Be("E0e");
        client.Ask("m3ffffe,2").Should().Be("0000", "nothing of a write that does not fit is done");
    }

    [Fact]
    public void Memory_UnderPaging_IsReadThroughTheTablesWithoutAMark()
    {
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Endless, StartMode.Long64));
        using GdbClient client = machine.Connect();
        ulong directory = 0x3000;
        machine.Machine.Memory.TryWrite(directory + (8 * 5), BitConverter.GetBytes(LargePage)); // A00000h is 0
        client.Ask("Ma00800,4:78563412").Should().Be("OK");
        client.Ask("m800,4").Should().Be("78563412");
        client.Ask("ma00800,4").Should().Be("78563412");
        byte[] entry = new byte[8];
        machine.Machine.Memory.TryRead(directory + (8 * 5), entry);
        (BitConverter.ToUInt64(entry) & Accessed).Should().Be(0);
        client.Ask("m800000000000,1").Should().Be("E0e", "it is not canonical");
        client.Ask("mffffffff81000000,1").Should().Be("E0e");
    }

    [Fact]
    public void Memory_OfAProgramUnderSupervisorAccessPrevention_CanBeRead()
    {
        const ulong PresentWritableUser = 7;
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Endless, StartMode.Long64));
        using GdbClient client = machine.Connect();
        foreach (ulong entry in (ulong[])[0x1000, 0x2000, 0x3000])
        {
            byte[] bytes = new byte[8];
            machine.Machine.Memory.TryRead(entry, bytes);
            machine.Machine.Memory.TryWrite(entry, BitConverter.GetBytes(BitConverter.ToUInt64(bytes) | PresentWritableUser));
        }

        string cr4 = RegisterTests.NumberOf(KvmSharp.Machines.Gdb.TargetArchitecture.Amd64, "cr4");
        client.Ask($"P{cr4}=2002200000000000").Should().Be("OK", "PAE, OSFXSR and SMAP");
        client.Ask("m100000,2").Should().Be("ff05");
        client.Monitor("walk 0x100000").Should().Contain("level 2").And.Contain("protection");
    }

    [Fact]
    public void Memory_WrittenWhereCodeWasDecoded_IsRunAsItIsNow()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask($"Z0,{StubGuests.BehindStore:x},1");
        client.Ask("c").Should().StartWith("T05");
        client.Ask("c").Should().StartWith("T05");
        client.Ask($"M{StubGuests.Loop:x},1:48").Should().Be("OK"); // dec eax
        client.Ask("c").Should().StartWith("T05");
        client.Ask("m200000,4").Should().Be("01000000");
    }
}
