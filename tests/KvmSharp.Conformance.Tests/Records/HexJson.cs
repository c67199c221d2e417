using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace KvmSharp.Conformance.Records;

/// <summary>Reads the numbers and byte strings of the vectors: hexadecimal text without a prefix.</summary>
internal static class HexJson
{
    /// <summary>Reads the next token as a hexadecimal number.</summary>
    /// <param name="reader">The reader, before the token.</param>
    /// <returns>The number.</returns>
    public static ulong NextHex(ref Utf8JsonReader reader)
    {
        reader.Read();
        return ToHex(reader.ValueSpan);
    }

    /// <summary>Reads the next token as a hexadecimal number of up to 128 bits.</summary>
    /// <param name="reader">The reader, before the token.</param>
    /// <returns>The number.</returns>
    public static UInt128 NextWideHex(ref Utf8JsonReader reader)
    {
        reader.Read();
        return UInt128.Parse(reader.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    /// <summary>Reads the next token as a decimal number.</summary>
    /// <param name="reader">The reader, before the token.</param>
    /// <returns>The number.</returns>
    public static int NextInteger(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetInt32();
    }

    /// <summary>Reads the next token as bytes, two digits each.</summary>
    /// <param name="reader">The reader, before the token.</param>
    /// <param name="destination">Receives the bytes at its end.</param>
    /// <returns>How many.</returns>
    public static int NextBytes(ref Utf8JsonReader reader, List<byte> destination)
    {
        reader.Read();
        ReadOnlySpan<byte> text = reader.ValueSpan;
        for (int i = 0; i < text.Length; i += 2)
        {
            destination.Add((byte)ToHex(text.Slice(i, 2)));
        }

        return text.Length / 2;
    }

    /// <summary>Steps into an array or object, or to its next member.</summary>
    /// <param name="reader">The reader.</param>
    /// <returns><see langword="false"/> at the end of the array or object.</returns>
    public static bool Next(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject);

    /// <summary>Parses a hexadecimal number.</summary>
    /// <param name="text">Its digits.</param>
    /// <returns>The number.</returns>
    public static ulong ToHex(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out ulong value, out int used, 'x') && used == text.Length
        ? value
        : throw new JsonException($"not a hexadecimal number: {System.Text.Encoding.UTF8.GetString(text)}");
}
