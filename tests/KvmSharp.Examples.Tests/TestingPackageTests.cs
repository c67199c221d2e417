using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;

namespace KvmSharp.Examples.Tests;

/// <summary>The package that a harness author adds, packed from what this build has made: no network, no compiler.</summary>
public sealed class TestingPackageTests(TestingPackageTests.Packed packed) : IClassFixture<TestingPackageTests.Packed>
{
    [Fact]
    public void Package_Description_SaysWhatAFeedAsksFor()
    {
        XElement metadata = packed.Metadata;

        ValueOf(metadata, "id").Should().Be("KvmSharp.Testing");
        ValueOf(metadata, "license").Should().Be("MIT");
        ValueOf(metadata, "readme").Should().Be("README.md");
        ValueOf(metadata, "authors").Should().NotBeEmpty();
        ValueOf(metadata, "description").Should().Contain("verdict");
    }

    [Fact]
    public void Package_Dependencies_AreTheHouseAndIcedWithoutATestRunner() =>
        packed.Metadata.Descendants().Where(e => e.Name.LocalName == "dependency").Select(e => e.Attribute("id")!.Value)
            .Should().BeEquivalentTo("KvmSharp.Contracts", "KvmSharp.Core", "KvmSharp.Machines", "Iced");

    [Fact]
    public void Package_Files_AreTheLibraryItsDocumentationAndItsReadme()
    {
        packed.FilesOf("nupkg").Should().Contain(["README.md", "lib/net10.0/KvmSharp.Testing.dll", "lib/net10.0/KvmSharp.Testing.xml"]);
        packed.FilesOf("nupkg").Where(f => f.StartsWith("lib/", StringComparison.Ordinal)).Should().HaveCount(2);
        packed.FilesOf("snupkg").Should().Contain("lib/net10.0/KvmSharp.Testing.pdb");
    }

    private static string ValueOf(XElement metadata, string name) => metadata.Elements().Single(e => e.Name.LocalName == name).Value;

    /// <summary>Packs once for all tests.</summary>
    public sealed class Packed : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("kvmsharp-pack-").FullName;

        public Packed()
        {
            string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name; // .../bin/Release/net10.0/
            var start = new ProcessStartInfo("dotnet")
            {
                RedirectStandardOutput = true,
                ArgumentList =
                {
                    "pack", Repository.PathOf("src", "KvmSharp.Testing"), "--no-build", "--nologo", "-nodeReuse:false", "-c", configuration, "-o", _folder,
                    $"-p:NuspecOutputPath={_folder}/",
                },
            };
            using Process process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            process.ExitCode.Should().Be(0, output);
            output.Should().NotContain("warning");
        }

        public XElement Metadata
        {
            get
            {
                using ZipArchive package = Open("nupkg");
                using Stream nuspec = package.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
                return XDocument.Load(nuspec).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
            }
        }

        public IReadOnlyList<string> FilesOf(string kind)
        {
            using ZipArchive package = Open(kind);
            return [.. package.Entries.Select(e => e.FullName)];
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);

        private ZipArchive Open(string kind) => ZipFile.OpenRead(Directory.GetFiles(_folder, $"*.{kind}").Single());
    }
}
