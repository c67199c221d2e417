using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace KvmSharp.Cli.Labs;

/// <summary>Looks at what a compiled submission names, before it runs: what no monitor needs and what would reach the recorder is refused.</summary>
/// <remarks>
/// It reads the metadata, so no spelling of the source gets round it. It is a fence for honest people, not a wall: docs/grading.md says what
/// gets over it.
/// </remarks>
internal static class SubmissionScreen
{
    private static readonly string[] Namespaces =
    [
        "System.Reflection", "System.Runtime.Loader", "System.Net", "System.Linq.Expressions", "System.Runtime.Serialization", "Microsoft.CSharp.RuntimeBinder", "Microsoft.Win32",
    ];

    private static readonly HashSet<string> Types =
    [
        "System.Activator", "System.AppDomain", "System.Diagnostics.Process", "System.Diagnostics.ProcessStartInfo",
        "System.Runtime.CompilerServices.UnsafeAccessorAttribute", "System.Runtime.CompilerServices.IgnoresAccessChecksToAttribute",
        "System.Runtime.InteropServices.Marshal", "System.Runtime.InteropServices.NativeLibrary", "System.Runtime.InteropServices.NativeMemory", "System.Runtime.InteropServices.GCHandle",
    ];

    // Records compare types, and typeof(T).Name is a message's business.
    private static readonly HashSet<string> NameOnly = ["System.Reflection.MemberInfo"];

    private static readonly Dictionary<string, HashSet<string>> OnlyMembers = new()
    {
        ["System.Type"] = ["GetTypeFromHandle", "op_Equality", "op_Inequality", "ToString", "get_FullName", "Equals", "GetHashCode"],
        ["System.Reflection.MemberInfo"] = ["get_Name"],
        ["System.Delegate"] = ["Combine", "Remove", "DynamicInvoke"],
    };

    /// <summary>Looks.</summary>
    /// <param name="assembly">The compiled program.</param>
    /// <returns>What it names and may not; none when all is well.</returns>
    public static IReadOnlyList<string> Refused(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        MetadataReader metadata = file.GetMetadataReader();
        IEnumerable<string> types = metadata.TypeReferences.Select(handle => NameOf(metadata, handle)).Where(IsRefused);
        IEnumerable<string> members = metadata.MemberReferences.Select(metadata.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference)
            .Select(member => (Type: NameOf(metadata, (TypeReferenceHandle)member.Parent), Name: metadata.GetString(member.Name)))
            .Where(member => OnlyMembers.TryGetValue(member.Type, out HashSet<string>? allowed) && !allowed.Contains(member.Name))
            .Select(member => $"{member.Type}.{member.Name}");
        string[] native = metadata.GetTableRowCount(TableIndex.ImplMap) > 0 ? ["DllImport"] : [];
        return [.. types.Concat(members).Concat(native).Distinct().Select(name => $"lab.cs: uses {name}, which submissions may not: a lab needs no reflection, native code, processes or network")];
    }

    private static bool IsRefused(string type) =>
        Types.Contains(type)
        || (!NameOnly.Contains(type) && !type.EndsWith("Attribute", StringComparison.Ordinal) && Namespaces.Any(name => type.StartsWith(name + ".", StringComparison.Ordinal)));

    private static string NameOf(MetadataReader metadata, TypeReferenceHandle handle)
    {
        TypeReference type = metadata.GetTypeReference(handle);
        string name = metadata.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{NameOf(metadata, (TypeReferenceHandle)type.ResolutionScope)}.{name}"
            : $"{metadata.GetString(type.Namespace)}.{name}";
    }
}
