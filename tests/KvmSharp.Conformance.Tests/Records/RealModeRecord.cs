using System.Text.Json;

namespace KvmSharp.Conformance.Records;

/// <summary>A record of the real-mode set.</summary>
internal sealed class RealModeRecord : StepRecord
{
    private const ulong Width = ushort.MaxValue; // registers are recorded with 16 bits
    private const ulong FlagsInFrame = 4; // above IP and CS

    /// <summary>Gets the vector of the exception or software interrupt that was taken; -1 for none.</summary>
    public int ExceptionVector { get; private set; }

    /// <inheritdoc/>
    protected override void Clear()
    {
        base.Clear();
        ExceptionVector = -1;
    }

    /// <inheritdoc/>
    protected override void ReadMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("r"u8))
        {
            reader.Read();
            while (HexJson.Next(ref reader))
            {
                int slot = RegisterSlots.Find(reader.ValueSpan);
                Initial[slot] = HexJson.NextHex(ref reader);
            }
        }
        else if (reader.ValueTextEquals("fm"u8))
        {
            Undefined[RegisterSlots.Flags] |= ~HexJson.NextHex(ref reader) & Width;
        }
        else if (reader.ValueTextEquals("x"u8))
        {
            ReadException(ref reader);
        }
        else
        {
            reader.Skip(); // form name, whether it was checked on a current CPU, hash
        }
    }

    /// <inheritdoc/>
    protected override void Complete()
    {
        if (ExceptionVector >= 0)
        {
            ulong mask = Undefined[RegisterSlots.Flags];
            UndefinedMemory.Add((InFrame(FlagsInFrame), (byte)mask));
            UndefinedMemory.Add((InFrame(FlagsInFrame + 1), (byte)(mask >> 8)));
        }
    }

    // From SS:SP and not from the record's "fa", which is one too low where SP is odd.
    private ulong InFrame(ulong offset) => (Expected[RegisterSlots.Ss] << 4) + ((Expected[RegisterSlots.Sp] + offset) & Width);

    private void ReadException(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            if (reader.ValueTextEquals("v"u8))
            {
                ExceptionVector = HexJson.NextInteger(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }
}
