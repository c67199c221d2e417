using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KvmSharp.Cli;

/// <summary>How trace records are written: addresses and values as "0x..." text, since JSON's numbers end at 53 bits; counts as numbers.</summary>
internal static class TraceJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        Converters =
        {
            new Hexadecimal<ulong>(static v => v, static v => v),
            new Hexadecimal<uint>(static v => v, static v => checked((uint)v)),
            new Hexadecimal<ushort>(static v => v, static v => checked((ushort)v)),
            new HexadecimalBytes(),
        },
    };

    public static string Write(TraceRecord record) => JsonSerializer.Serialize(record, Options);

    /// <summary>Reads a line.</summary>
    /// <exception cref="HostException">It is no trace record.</exception>
    public static TraceRecord Read(string line, long number)
    {
        try
        {
            return Checked(JsonSerializer.Deserialize<TraceRecord>(line, Options) ?? throw new JsonException("it is null"));
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException or NotSupportedException)
        {
            throw new HostException($"Line {number} is no trace record: {e.Message}", e);
        }
    }

    // What types cannot say. A file may come from anywhere.
    private static TraceRecord Checked(TraceRecord record)
    {
        bool isWidth = (record.Bits ?? 16) is 16 or 32 or 64 && (record.State?.Bits ?? 16) is 16 or 32 or 64;
        return !isWidth ? throw new JsonException("bits are 16, 32 or 64")
            : record.Vector is < 0 or > byte.MaxValue ? throw new JsonException("vectors are 0 to 255")
            : record.Code is { } code && (code.Length % 2 != 0 || !code.All(char.IsAsciiHexDigit)) ? throw new JsonException("code is hexadecimal digits")
            : record;
    }

    private sealed class HexadecimalBytes : JsonConverter<byte[]>
    {
        public override byte[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Convert.FromHexString(reader.GetString() ?? string.Empty);

        public override void Write(Utf8JsonWriter writer, byte[] value, JsonSerializerOptions options) => writer.WriteStringValue(Convert.ToHexStringLower(value));
    }

    private sealed class Hexadecimal<T>(Func<T, ulong> widen, Func<ulong, T> narrow) : JsonConverter<T>
    {
        private const string Prefix = "0x";

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            string text = reader.GetString() ?? string.Empty;
            return text.StartsWith(Prefix, StringComparison.Ordinal)
                && ulong.TryParse(text.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value)
                ? narrow(value)
                : throw new JsonException($"'{text}' is no number such as 0x3f8");
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"0x{widen(value):x}"));
    }
}
