using System.Globalization;
using System.Numerics;
using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary>Hexadecimal digits as the protocol writes them: numbers with the highest digit first, bytes in memory's order.</summary>
internal static class HexText
{
    /// <summary>Reads a number of at most 64 bits.</summary>
    public static bool TryNumber(ReadOnlySpan<char> digits, out ulong value) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    /// <summary>Reads bytes.</summary>
    public static bool TryBytes(ReadOnlySpan<char> digits, out byte[] bytes)
    {
        bytes = new byte[digits.Length / 2];
        return digits.Length % 2 == 0 && Convert.FromHexString(digits, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    /// <summary>Writes bytes.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>Writes text as bytes.</summary>
    public static string OfText(string text) => OfBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a number.</summary>
    public static string OfNumber(ulong value) => value.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>Writes a register as its bytes, the lowest first.</summary>
    /// <param name="value">The value.</param>
    /// <param name="size">Its bytes, at most 16.</param>
    public static string OfRegister(UInt128 value, int size)
    {
        Span<byte> bytes = stackalloc byte[16];
        ((IBinaryInteger<UInt128>)value).WriteLittleEndian(bytes);
        return OfBytes(bytes[..size]);
    }

    /// <summary>Reads a register from its bytes.</summary>
    public static UInt128 ToRegister(ReadOnlySpan<byte> bytes)
    {
        UInt128 value = 0;
        for (int at = bytes.Length - 1; at >= 0; at--)
        {
            value = (value << 8) | bytes[at];
        }

        return value;
    }
}
