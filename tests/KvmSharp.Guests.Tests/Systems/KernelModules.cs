using System.Text;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>The modules of a kernel package: found by name, with what they depend on in front of them.</summary>
internal static class KernelModules
{
    /// <summary>Lists the files to load, in order, for some modules.</summary>
    /// <param name="folder">The package's folder of modules.</param>
    /// <param name="names">The modules; one that is built into the kernel has no file and is left out.</param>
    /// <returns>The paths.</returns>
    public static IReadOnlyList<string> InOrder(string folder, params string[] names)
    {
        Dictionary<string, string> files = Directory.EnumerateFiles(folder, "*.ko", SearchOption.AllDirectories).ToDictionary(f => NameOf(Path.GetFileNameWithoutExtension(f)));
        var ordered = new List<string>();
        foreach (string name in names)
        {
            Add(name);
        }

        return ordered;

        void Add(string name)
        {
            if (files.TryGetValue(NameOf(name), out string? file) && !ordered.Contains(file))
            {
                foreach (string dependency in DependenciesOf(file))
                {
                    Add(dependency);
                }

                ordered.Add(file);
            }
        }
    }

    private static string NameOf(string file) => file.Replace('-', '_');

    // The section .modinfo holds strings such as "depends=libata,scsi_mod".
    private static string[] DependenciesOf(string file)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(file);
        int at = bytes.IndexOf("\0depends="u8);
        if (at < 0)
        {
            return [];
        }

        bytes = bytes[(at + "\0depends=".Length)..];
        return Encoding.ASCII.GetString(bytes[..bytes.IndexOf((byte)0)]).Split(',', StringSplitOptions.RemoveEmptyEntries);
    }
}
