using System.Text.Json;
using System.Text.Json.Serialization;

namespace KvmSharp.Cli.Labs;

/// <summary>How the documents of the labs are read, generated at compile time. A member that is not known is an error: it is a slip of the author's.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
[JsonSerializable(typeof(LabDescription))]
[JsonSerializable(typeof(LabTests))]
[JsonSerializable(typeof(LabIdentity))]
[JsonSerializable(typeof(RunnerJob))]
internal sealed partial class LabJson : JsonSerializerContext;
