namespace KvmSharp.Machines.Gdb;

/// <summary>Puts packets into their frame: <c>$data#checksum</c>. GDB manual, "Remote Protocol: Overview".</summary>
internal static class PacketEncoder
{
    public const byte Begin = (byte)'$';
    public const byte End = (byte)'#';
    public const byte Escape = (byte)'}';
    public const byte Repeat = (byte)'*';
    public const byte EscapeMask = 0x20;

    /// <summary>Makes a frame.</summary>
    /// <param name="data">The packet, a byte in each character; what would break the frame is escaped.</param>
    /// <returns>The bytes on the line.</returns>
    public static byte[] Encode(string data)
    {
        var frame = new List<byte>(data.Length + 4) { Begin };
        foreach (char each in data)
        {
            byte value = (byte)each;
            if (value is Begin or End or Escape or Repeat)
            {
                frame.Add(Escape);
                value ^= EscapeMask;
            }

            frame.Add(value);
        }

        byte sum = 0;
        for (int at = 1; at < frame.Count; at++)
        {
            sum += frame[at];
        }

        frame.Add(End);
        string digits = HexText.OfBytes([sum]);
        frame.Add((byte)digits[0]);
        frame.Add((byte)digits[1]);
        return [.. frame];
    }
}
