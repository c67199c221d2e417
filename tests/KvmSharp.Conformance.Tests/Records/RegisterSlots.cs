namespace KvmSharp.Conformance.Records;

/// <summary>Where a record keeps which register: one array of numbers for all that is not memory or floating point.</summary>
internal static class RegisterSlots
{
    public const int Sp = 4;
    public const int Ip = 16;
    public const int Flags = 17;
    public const int Es = 18;
    public const int Cs = 19;
    public const int Ss = 20;
    public const int Ds = 21;
    public const int Fs = 22;
    public const int Gs = 23;

    /// <summary>Exception vector; <see cref="NoException"/> when there is none.</summary>
    public const int Vector = 24;
    public const int ErrorCode = 25;

    /// <summary>CR2, 0 unless the exception is a page fault.</summary>
    public const int FaultAddress = 26;
    public const int Count = 27;

    public const int GeneralCount = 16;
    public const int SegmentCount = 6;
    public const ulong NoException = ulong.MaxValue;

    private static readonly string[] Names =
    [
        "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "8", "9", "10", "11", "12", "13", "14", "15",
        "ip", "flags", "es", "cs", "ss", "ds", "fs", "gs", "vector", "error code", "cr2",
    ];

    /// <summary>Gets what a slot is called in the vectors and in reports.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>Its name.</returns>
    public static string NameOf(int slot) => Names[slot];

    /// <summary>Finds a slot.</summary>
    /// <param name="name">Its name in the vectors.</param>
    /// <returns>The slot.</returns>
    public static int Find(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("fl"u8))
        {
            return Flags;
        }

        for (int slot = 0; slot < Vector; slot++)
        {
            if (System.Text.Ascii.Equals(name, Names[slot]))
            {
                return slot;
            }
        }

        throw new System.Text.Json.JsonException($"unknown register {System.Text.Encoding.UTF8.GetString(name)}");
    }
}
