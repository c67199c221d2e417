using System.Text;
using KvmSharp.Conformance.Replay;
using KvmSharp.Conformance.Sources;

namespace KvmSharp.Conformance.Runner;

/// <summary>The replay notices what it is there to notice.</summary>
public sealed class SiliconReplayTests : IDisposable
{
    private const string Before = """{"n":"test","b":"BYTES","r":["7","0","0","30010","47000","0","0","0"],"ip":"20800","fl":"202",""";
    private readonly SiliconReplay _replay = new(SiliconMeta.Load(VectorFolder.Sample().SiliconMeta));

    [Theory]
    [InlineData("40", """ "f":{"ax":"8","ip":"20801"},"u":"8d5"} """, null)] // INC EAX
    [InlineData("40", """ "f":{"ax":"9","ip":"20801"},"u":"8d5"} """, "ax")]
    [InlineData("40", """ "f":{"ax":"8","ip":"20802"},"u":"8d5"} """, "ip")]
    [InlineData("40", """ "f":{"ax":"8","fl":"207","ip":"20801"},"u":"810"} """, "flags")]
    [InlineData("40", """ "f":{"ax":"9","ip":"20801"},"u":"8d5","ur":["ax"]} """, null)]
    [InlineData("8803", """ "f":{"ip":"20802"},"w":[["30010","07"]]} """, null)] // MOV [EBX], AL
    [InlineData("8803", """ "f":{"ip":"20802"}} """, "[30010]")]
    [InlineData("8803", """ "f":{"ip":"20802"},"w":[["30010","0700"]]} """, "[30011]")]
    [InlineData("8803", """ "f":{"ip":"20802"},"um":[["30010",1]]} """, null)]
    [InlineData("0f0b", """ "x":{"v":6},"f":{"ip":"20800"}} """, null)] // UD2
    [InlineData("0f0b", """ "x":{"v":13,"e":"0"},"f":{"ip":"20800"}} """, "vector")]
    [InlineData("0f0b", """ "f":{"ip":"20802"}} """, "ip,vector")]
    [InlineData("8a0500000500", """ "x":{"v":14,"e":"4","a":"48000"},"f":{"ip":"20800"}} """, "ax,ip,vector,error code,cr2")] // MOV AL, [50000]
    [InlineData("a200000500", """ "x":{"v":14,"e":"7","a":"50000"},"f":{"ip":"20800"}} """, null)] // MOV [50000], AL
    [InlineData("a200000500", """ "x":{"v":14,"e":"6","a":"50000"},"f":{"ip":"20800"}} """, "error code")]
    [InlineData("40", """ "f":{"ax":"8","ip":"20801"},"u":"8d5","ff":{"cw":"27f"}} """, "fpu cw")]
    [InlineData("40", """ "f":{"ax":"8","ip":"20801"},"u":"8d5","ff":{"xmm":{"3":"1"}}} """, "xmm3")]
    public void Replay_Record_ReportsWhatDiffers(string bytes, string after, string? expected)
    {
        List<Difference> differences = [];
        string line = Before.Replace("BYTES", bytes, StringComparison.Ordinal) + after;
        _replay.Replay("m32/test", Encoding.UTF8.GetBytes(line), differences);
        string.Join(',', differences.Select(static d => d.What)).Should().Be(expected ?? "");
    }

    [Fact]
    public void Replay_RecordThatWritesMemory_LeavesNothingBehind()
    {
        for (int time = 0; time < 2; time++)
        {
            List<Difference> differences = [];
            string store = Before.Replace("BYTES", "8803", StringComparison.Ordinal) + """ "f":{"ip":"20802"}} """; // one byte not announced
            _replay.Replay("m32/test", Encoding.UTF8.GetBytes(store), differences);
            differences.Should().ContainSingle();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _replay.Dispose();
}
