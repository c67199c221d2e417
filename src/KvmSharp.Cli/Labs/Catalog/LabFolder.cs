using System.Security;

namespace KvmSharp.Cli.Labs;

/// <summary>Whose folder of which lab it is; lies in it as <c>lab-id.json</c>.</summary>
internal sealed record LabIdentity
{
    public const string FileName = "lab-id.json";

    public required int Lab { get; init; }

    public required string Student { get; init; }

    /// <summary>Reads the identity of a folder; null when it has none.</summary>
    public static LabIdentity? Read(string folder) =>
        Path.Combine(folder, FileName) is var path && File.Exists(path) ? LabCatalog.ReadJson(path, LabJson.Default.LabIdentity) : null;
}

/// <summary>Makes a student's folder: the sheet, the starter and the guests, with the student's own values.</summary>
internal static class LabFolder
{
    /// <summary>The student's file.</summary>
    public const string SourceName = "lab.cs";

    private const string SheetName = "README.md";

    /// <summary>Gets the folder that is meant when none is given.</summary>
    public static string NameOf(LabDescription lab) => FormattableString.Invariant($"lab{lab.Number}");

    /// <summary>Makes it.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="student">The id; empty for none.</param>
    /// <param name="folder">A folder that is not there yet, or is empty.</param>
    /// <exception cref="HostException">There is something in the folder.</exception>
    public static void Create(LabDescription lab, string student, string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
        {
            throw new HostException($"{folder} is there already: work in it, or give another place with --output.");
        }

        Variant variant = Variant.Of(lab, student);
        Directory.CreateDirectory(Path.Combine(folder, "guests"));
        foreach (string name in (string[])[SheetName, SourceName])
        {
            File.WriteAllText(Path.Combine(folder, name), variant.Expand(File.ReadAllText(Path.Combine(lab.Folder, name))));
        }

        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), BuildProperties());
        File.WriteAllBytes(
            Path.Combine(folder, LabIdentity.FileName),
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new LabIdentity { Lab = lab.Number, Student = student }, LabJson.Default.LabIdentity));
        foreach (LabCase test in LabCatalog.VisibleCases(lab))
        {
            PutGuests([lab.Folder], test, variant.With(test.Variables), folder, withSource: true);
        }
    }

    /// <summary>Puts the guests of a case into a folder as <c>guests/NAME.bin</c>.</summary>
    /// <param name="sources">Where their sources lie.</param>
    /// <param name="test">The case.</param>
    /// <param name="variant">The values, with those of the case on top.</param>
    /// <param name="folder">The folder of the student or of the run.</param>
    /// <param name="withSource">Whether the source goes with it, to be read.</param>
    public static void PutGuests(IReadOnlyList<string> sources, LabCase test, Variant variant, string folder, bool withSource)
    {
        string guests = Directory.CreateDirectory(Path.Combine(folder, "guests")).FullName;
        foreach (string name in test.Guests)
        {
            string path = Path.Combine(guests, name);
            if (withSource && File.Exists(path + ".bin"))
            {
                continue; // a student looks at a guest as the first test has it
            }

            File.WriteAllBytes(path + ".bin", GuestImages.Image(sources, name, variant));
            if (withSource && GuestImages.Source(sources, name, variant) is { } source)
            {
                File.WriteAllText(path + ".asm", source);
            }
        }
    }

    // Programs of one file are published ahead of time by default, which would switch the translator off and ask for packages that are not there.
    private static string BuildProperties() => $"""
        <Project>
          <!-- For `dotnet run lab.cs`: made by `kvmsharp lab new`; make it anew when kvmsharp moves. -->
          <PropertyGroup>
            <PublishAot>false</PublishAot>
            <KvmSharpFolder>{SecurityElement.Escape(AppContext.BaseDirectory)}</KvmSharpFolder>
          </PropertyGroup>
          <ItemGroup>
            <Reference Include="$(KvmSharpFolder)KvmSharp.Core.dll" />
            <Reference Include="$(KvmSharpFolder)KvmSharp.Contracts.dll" />
            <Reference Include="$(KvmSharpFolder)Iced.dll" />
          </ItemGroup>
        </Project>

        """;
}
