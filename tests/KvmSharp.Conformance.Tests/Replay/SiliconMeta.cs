using System.Globalization;
using System.Text.Json;

namespace KvmSharp.Conformance.Replay;

/// <summary>What the silicon set says of itself: segment descriptors and the selectors that each mode starts with.</summary>
internal sealed class SiliconMeta
{
    private readonly Dictionary<ushort, SegmentRegister> _descriptors = [];
    private readonly Dictionary<string, ushort[]> _defaults = [];
    private readonly Dictionary<ushort, ulong> _longModeBases = [];

    private SiliconMeta(JsonElement root)
    {
        foreach (JsonProperty descriptor in root.GetProperty("descriptors").EnumerateObject())
        {
            ushort selector = (ushort)Hex(descriptor.Name);
            _descriptors.Add(selector, Parse(selector, descriptor.Value));
        }

        foreach (JsonProperty mode in root.GetProperty("segments").EnumerateObject())
        {
            _defaults.Add(mode.Name, [.. SegmentNames.Select(name => (ushort)Hex(mode.Value, name))]);
        }

        LdtLimit = (uint)Hex(root, "ldt_limit");
        JsonElement bases = root.GetProperty("m64_bases");
        LongModeFsBase = Hex(bases, "fs");
        LongModeGsBase = Hex(bases, "gs");
    }

    private static string[] SegmentNames => ["es", "cs", "ss", "ds", "fs", "gs"];

    /// <summary>Gets every descriptor by its selector with RPL 3.</summary>
    public IReadOnlyDictionary<ushort, SegmentRegister> Descriptors => _descriptors;

    public uint LdtLimit { get; }

    public ulong LongModeFsBase { get; }

    public ulong LongModeGsBase { get; }

    /// <summary>Reads the description.</summary>
    /// <param name="path">The file <c>meta.json</c>.</param>
    /// <returns>The description.</returns>
    public static SiliconMeta Load(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return new SiliconMeta(document.RootElement);
    }

    /// <summary>Gets the selectors that records of a mode start with unless they say otherwise.</summary>
    /// <param name="mode">The mode's name in the vectors: <c>m16</c>, <c>m32</c>, <c>m64</c>.</param>
    /// <returns>ES, CS, SS, DS, FS, GS.</returns>
    public ReadOnlySpan<ushort> DefaultSelectors(string mode) => _defaults[mode];

    /// <summary>Makes what loading a selector gives.</summary>
    /// <param name="selector">The selector, with any RPL; a null selector gives an unusable segment.</param>
    /// <returns>The segment register.</returns>
    public SegmentRegister Load(ushort selector) => (selector & ~3) == 0
        ? new SegmentRegister { Selector = selector, Unusable = true }
        : _descriptors[(ushort)(selector | 3)] with { Selector = selector };

    private static SegmentRegister Parse(ushort selector, JsonElement descriptor)
    {
        int access = (int)Hex(descriptor, "access");
        int flags = (int)Hex(descriptor, "flags_gdla");
        return new SegmentRegister
        {
            Selector = selector,
            Base = Hex(descriptor, "base"),
            Limit = (uint)Hex(descriptor, "limit"),
            Type = (byte)(access & 0xF),
            CodeOrData = (access & 0x10) != 0,
            Dpl = (byte)((access >> 5) & 3),
            Present = (access & 0x80) != 0,
            Available = (flags & 1) != 0,
            LongMode = (flags & 2) != 0,
            DefaultBig = (flags & 4) != 0,
            Granularity = (flags & 8) != 0,
        };
    }

    private static ulong Hex(JsonElement element, string name) => Hex(element.GetProperty(name).GetString()!);

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
