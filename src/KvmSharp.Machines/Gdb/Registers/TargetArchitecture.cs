using System.Globalization;
using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary>A set of registers in the order of their numbers, and the target description that tells a debugger of them.</summary>
internal sealed class TargetArchitecture
{
    private readonly RegisterFeature[] _features;

    private TargetArchitecture(string name, params RegisterFeature[] features)
    {
        Name = name;
        _features = features;
        Registers = [.. features.SelectMany(static feature => feature.Registers)];
        Description = Describe();
    }

    /// <summary>Gets the registers of 16- and 32-bit modes.</summary>
    public static TargetArchitecture I386 { get; } = new(
        "i386",
        new RegisterFeature("org.gnu.gdb.i386.core", RegisterTypes.Eflags, [.. GeneralRegisterDefinitions.For32(), .. SegmentDefinitions.Selectors(), .. FloatingPointDefinitions.X87()]),
        new RegisterFeature("org.gnu.gdb.i386.sse", RegisterTypes.Sse, [.. FloatingPointDefinitions.Sse(8)]),
        new RegisterFeature("org.kvmsharp.system", string.Empty, [.. SegmentDefinitions.Bases(32, "cs", "ss", "ds", "es", "fs", "gs"), .. SystemDefinitions.For32()]));

    /// <summary>Gets the registers of long mode.</summary>
    public static TargetArchitecture Amd64 { get; } = new(
        "i386:x86-64",
        new RegisterFeature("org.gnu.gdb.i386.core", RegisterTypes.Eflags, [.. GeneralRegisterDefinitions.For64(), .. SegmentDefinitions.Selectors(), .. FloatingPointDefinitions.X87()]),
        new RegisterFeature("org.gnu.gdb.i386.sse", RegisterTypes.Sse, [.. FloatingPointDefinitions.Sse(16)]),
        new RegisterFeature("org.gnu.gdb.i386.segments", string.Empty, [.. SegmentDefinitions.Bases(64, "fs", "gs")]),
        new RegisterFeature("org.kvmsharp.system", string.Empty, [.. SegmentDefinitions.Bases(64, "cs", "ss", "ds", "es"), .. SystemDefinitions.For64()]));

    /// <summary>Gets gdb's name of the architecture.</summary>
    public string Name { get; }

    /// <summary>Gets the registers by number.</summary>
    public IReadOnlyList<RegisterDefinition> Registers { get; }

    /// <summary>Gets target.xml.</summary>
    public string Description { get; }

    /// <summary>Tells which architecture shows all that a processor has in its present mode.</summary>
    public static TargetArchitecture Of(VirtualCpu vcpu)
    {
        const ulong LongModeActive = 1 << 10;
        return (vcpu.GetSpecialRegisters().Efer & LongModeActive) != 0 ? Amd64 : I386;
    }

    // No operating system is named: gdb would look for its signal frames and shared libraries.
    private string Describe()
    {
        var xml = new StringBuilder("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n");
        xml.Append(CultureInfo.InvariantCulture, $"<architecture>{Name}</architecture>\n<osabi>none</osabi>\n");
        foreach (RegisterFeature feature in _features)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<feature name=\"{feature.Name}\">\n{feature.Types}");
            foreach (RegisterDefinition register in feature.Registers)
            {
                string group = register.Group is null ? string.Empty : $" group=\"{register.Group}\"";
                xml.Append(CultureInfo.InvariantCulture, $"<reg name=\"{register.Name}\" bitsize=\"{register.Bits}\" type=\"{register.Type}\"{group}/>\n");
            }

            xml.Append("</feature>\n");
        }

        return xml.Append("</target>\n").ToString();
    }
}
