namespace KvmSharp.Cli.Tests;

public class TraceJsonTests
{
    [Theory]
    [InlineData("faults")]
    [InlineData("ticks")]
    public void Write_EveryEvent_ReadsBackTheSame(string guest)
    {
        foreach (TraceRecord record in TracedGuest.Named(guest).Records)
        {
            string line = TraceJson.Write(record);
            TraceJson.Write(TraceJson.Read(line, 1)).Should().Be(line);
        }
    }

    [Fact]
    public void Write_Port_HasTheDocumentedFields()
    {
        TraceRecord record = TracedGuest.Code("mov al,41h; out 0E9h,al; cli; hlt").Records.First(r => r.Kind == "port");
        TraceJson.Write(record).Should().Be(
            """{"seq":1,"kind":"port","vcpu":0,"instructions":1,"time":1,"cs":"0x0","rip":"0x7c02","reason":"Io","kvm":2,"vtx":30,"direction":"write","address":"0xe9","width":1,"count":1,"data":"41","value":"0x41","code":"e6e9","bits":16,"text":"out 0E9h,al"}""");
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"seq":1}""")]
    [InlineData("""{"seq":1,"kind":"port","vcpu":0,"instructions":1,"time":1,"cs":"0x10000","rip":"0x0"}""")]
    [InlineData("""{"seq":1,"kind":"port","vcpu":0,"instructions":1,"time":1,"cs":7,"rip":"0x0"}""")]
    [InlineData("""{"seq":1,"kind":"port","vcpu":0,"instructions":1,"time":1,"cs":"0x0","rip":"0xZZ"}""")]
    [InlineData("""{"seq":1,"kind":null,"vcpu":0,"instructions":1,"time":1,"cs":"0x0","rip":"0x0"}""")]
    [InlineData("""{"seq":1,"kind":"port","vcpu":0,"instructions":1,"time":1,"cs":"0x0","rip":"0x0","bits":17}""")]
    [InlineData("""{"seq":1,"kind":"port","vcpu":0,"instructions":1,"time":1,"cs":"0x0","rip":"0x0","code":"zz"}""")]
    [InlineData("""{"seq":1,"kind":"fault","vcpu":0,"instructions":1,"time":1,"cs":"0x0","rip":"0x0","vector":-1}""")]
    public void Read_Nonsense_NamesTheLine(string line) =>
        FluentActions.Invoking(() => TraceJson.Read(line, 17)).Should().Throw<HostException>().WithMessage("Line 17 is no trace record*");
}
