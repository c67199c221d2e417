using System.Xml.Linq;

namespace KvmSharp.Tests.Architecture;

/// <summary>References point down only: each project sees exactly the floors that it may.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["KvmSharp.Contracts"] = [],
        ["KvmSharp.Core"] = ["KvmSharp.Contracts"],
        ["KvmSharp.Devices"] = ["KvmSharp.Contracts"],
        ["KvmSharp.Machines"] = ["KvmSharp.Contracts", "KvmSharp.Core", "KvmSharp.Devices"],
        ["KvmSharp.Testing"] = ["KvmSharp.Contracts", "KvmSharp.Core", "KvmSharp.Machines"],
        ["KvmSharp.Cli"] = ["KvmSharp.Contracts", "KvmSharp.Core", "KvmSharp.Machines"],
    };

    private static readonly Dictionary<string, string[]> AllowedPackages = new()
    {
        ["KvmSharp.Contracts"] = [],
        ["KvmSharp.Core"] = ["Iced"],
        ["KvmSharp.Devices"] = [],
        ["KvmSharp.Machines"] = [],
        ["KvmSharp.Testing"] = ["Iced"], // and no test runner: it works with any
    };

    public static TheoryData<string> Projects => [.. Directory.GetDirectories(Repository.Source).Select(Path.GetFileName).OfType<string>()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void ProjectReferences_EachProject_PointDownOnly(string project)
    {
        Allowed.Should().ContainKey(project, "a new project needs its floor named here");

        Includes(project, "ProjectReference").Select(Path.GetFileNameWithoutExtension).Should().BeSubsetOf(Allowed[project]);
    }

    [Theory]
    [InlineData("KvmSharp.Contracts")]
    [InlineData("KvmSharp.Core")]
    [InlineData("KvmSharp.Devices")]
    [InlineData("KvmSharp.Machines")]
    [InlineData("KvmSharp.Testing")]
    public void PackageReferences_BesideTheCli_AreFew(string project) =>
        Includes(project, "PackageReference").Should().BeEquivalentTo(AllowedPackages[project]);

    [Fact]
    public void TransitiveReferences_EveryProject_AreOff()
    {
        XDocument properties = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props"));

        properties.Descendants("DisableTransitiveProjectReferences").Should().ContainSingle().Which.Value.Should().Be("true");
        Directory.GetFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
            .Should().NotContain(f => File.ReadAllText(f).Contains("DisableTransitiveProjectReferences", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Includes(string project, string item) =>
        XDocument.Load(Path.Combine(Repository.Source, project, project + ".csproj"))
            .Descendants(item)
            .Select(e => e.Attribute("Include")!.Value.Replace('\\', '/'));
}
