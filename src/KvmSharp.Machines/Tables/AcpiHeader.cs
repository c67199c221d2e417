namespace KvmSharp.Machines;

/// <summary>The header that nearly every ACPI table begins with. Source: ACPI 6.4, "System Description Table Header".</summary>
internal static class AcpiHeader
{
    public const int Bytes = 36;

    /// <summary>The six letters of who made the table.</summary>
    public const string Maker = "KVMSHP";

    private const string Board = "KVMSHARP";
    private const string Tool = "KVMS";

    /// <summary>Encodes it, the checksum still zero.</summary>
    public static byte[] Encode(string signature, int revision, int length) => new TableWriter()
        .Text(signature, 4).DWord((uint)length).Byte(revision).Byte(0).Text(Maker, 6).Text(Board, 8).DWord(1).Text(Tool, 4).DWord(1).ToArray();
}
