using System.Text.Json;

namespace KvmSharp.Conformance.Records;

/// <summary>The FPU state as FXSAVE shows it: registers relative to the top of the stack, one tag bit for each physical register.</summary>
internal sealed class FpuImage
{
    private const ushort DefaultControlWord = 0x037F;
    private const uint DefaultMxcsr = 0x1F80;

    public ushort ControlWord { get; set; }

    public ushort StatusWord { get; set; }

    /// <summary>Gets or sets the abridged tag byte: bit i is 1 when physical register i is not empty.</summary>
    public byte NotEmpty { get; set; }

    public uint Mxcsr { get; set; }

    /// <summary>Gets ST(0) to ST(7): sign and exponent in bits 79 to 64, the significand below.</summary>
    public UInt128[] Stack { get; } = new UInt128[8];

    public UInt128[] Xmm { get; } = new UInt128[16];

    /// <summary>Gets the register that is the top of the stack.</summary>
    public int Top => (StatusWord >> 11) & 7;

    /// <summary>Takes the state that a record starts from unless it says otherwise.</summary>
    public void SetDefault()
    {
        ControlWord = DefaultControlWord;
        StatusWord = 0;
        NotEmpty = 0;
        Mxcsr = DefaultMxcsr;
        Array.Clear(Stack);
        Array.Clear(Xmm);
    }

    /// <summary>Becomes the same as another.</summary>
    /// <param name="other">The other.</param>
    public void CopyFrom(FpuImage other)
    {
        ControlWord = other.ControlWord;
        StatusWord = other.StatusWord;
        NotEmpty = other.NotEmpty;
        Mxcsr = other.Mxcsr;
        other.Stack.CopyTo(Stack, 0);
        other.Xmm.CopyTo(Xmm, 0);
    }

    /// <summary>Overwrites what a JSON object names.</summary>
    /// <param name="reader">The reader, before the object.</param>
    public void Read(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            if (reader.ValueTextEquals("cw"u8))
            {
                ControlWord = (ushort)HexJson.NextHex(ref reader);
            }
            else if (reader.ValueTextEquals("sw"u8))
            {
                StatusWord = (ushort)HexJson.NextHex(ref reader);
            }
            else if (reader.ValueTextEquals("tw"u8))
            {
                NotEmpty = (byte)HexJson.NextHex(ref reader);
            }
            else if (reader.ValueTextEquals("mxcsr"u8))
            {
                Mxcsr = (uint)HexJson.NextHex(ref reader);
            }
            else
            {
                ReadRegisters(ref reader, reader.ValueTextEquals("st"u8) ? Stack : Xmm);
            }
        }
    }

    private static void ReadRegisters(ref Utf8JsonReader reader, UInt128[] registers)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            int number = int.Parse(reader.ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
            registers[number] = HexJson.NextWideHex(ref reader);
        }
    }
}
