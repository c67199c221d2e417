using System.Text.Json;

namespace KvmSharp.Conformance.Records;

/// <summary>How closely a floating-point result must agree.</summary>
internal enum Tolerance
{
    /// <summary>Bit for bit.</summary>
    None,

    /// <summary>x87 transcendentals: 2 units in the last place.</summary>
    Stack,

    /// <summary>RCPPS, RSQRTPS and their scalar forms: relative error below 1.5 * 2^-12.</summary>
    Xmm,
}

/// <summary>A record of the silicon set.</summary>
internal sealed class SiliconRecord : StepRecord
{
    private readonly ulong[] _defaultSelectors = new ulong[RegisterSlots.SegmentCount];
    private bool _hasFinalFpu;

    public FpuImage InitialFpu { get; } = new();

    public FpuImage ExpectedFpu { get; } = new();

    /// <summary>Gets the bits of the x87 status word that are not compared.</summary>
    public ushort UndefinedStatus { get; private set; }

    public Tolerance Tolerance { get; private set; }

    /// <summary>Sets what ES, CS, SS, DS, FS, GS hold when a record does not say.</summary>
    /// <param name="selectors">The six selectors.</param>
    public void SetDefaultSelectors(ReadOnlySpan<ushort> selectors)
    {
        for (int i = 0; i < RegisterSlots.SegmentCount; i++)
        {
            _defaultSelectors[i] = selectors[i];
        }
    }

    /// <inheritdoc/>
    protected override void Clear()
    {
        base.Clear();
        _defaultSelectors.CopyTo(Initial, RegisterSlots.Es);
        Initial[RegisterSlots.Vector] = RegisterSlots.NoException;
        InitialFpu.SetDefault();
        _hasFinalFpu = false;
        UndefinedStatus = 0;
        Tolerance = Tolerance.None;
    }

    /// <inheritdoc/>
    protected override void ReadMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("r"u8))
        {
            ReadArray(ref reader, 0);
        }
        else if (reader.ValueTextEquals("ip"u8))
        {
            Initial[RegisterSlots.Ip] = HexJson.NextHex(ref reader);
        }
        else if (reader.ValueTextEquals("fl"u8))
        {
            Initial[RegisterSlots.Flags] = HexJson.NextHex(ref reader);
        }
        else if (reader.ValueTextEquals("s"u8))
        {
            ReadArray(ref reader, RegisterSlots.Es);
        }
        else if (reader.ValueTextEquals("x"u8))
        {
            ReadException(ref reader);
        }
        else if (reader.ValueTextEquals("um"u8))
        {
            ReadUndefinedMemory(ref reader);
        }
        else if (reader.ValueTextEquals("ur"u8))
        {
            ReadUndefinedRegisters(ref reader);
        }
        else
        {
            ReadFloatingPoint(ref reader);
        }
    }

    /// <inheritdoc/>
    protected override void Complete()
    {
        if (!_hasFinalFpu)
        {
            ExpectedFpu.CopyFrom(InitialFpu);
        }
    }

    private void ReadFloatingPoint(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("fp"u8))
        {
            InitialFpu.Read(ref reader);
        }
        else if (reader.ValueTextEquals("ff"u8))
        {
            _hasFinalFpu = true; // always behind "fp", whose members it changes
            ExpectedFpu.CopyFrom(InitialFpu);
            ExpectedFpu.Read(ref reader);
        }
        else if (reader.ValueTextEquals("uf"u8))
        {
            UndefinedStatus = (ushort)HexJson.NextHex(ref reader);
        }
        else if (reader.ValueTextEquals("tol"u8))
        {
            reader.Read();
            Tolerance = reader.ValueTextEquals("st"u8) ? Tolerance.Stack : Tolerance.Xmm;
        }
        else
        {
            throw new JsonException($"unknown member {reader.GetString()}");
        }
    }

    private void ReadArray(ref Utf8JsonReader reader, int slot)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            Initial[slot++] = HexJson.ToHex(reader.ValueSpan);
        }
    }

    private void ReadException(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            if (reader.ValueTextEquals("v"u8))
            {
                Expect(RegisterSlots.Vector, (ulong)HexJson.NextInteger(ref reader));
            }
            else
            {
                int slot = reader.ValueTextEquals("e"u8) ? RegisterSlots.ErrorCode : RegisterSlots.FaultAddress;
                Expect(slot, HexJson.NextHex(ref reader));
            }
        }
    }

    private void ReadUndefinedMemory(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            ulong address = HexJson.NextHex(ref reader);
            int length = HexJson.NextInteger(ref reader);
            reader.Read();
            for (int i = 0; i < length; i++)
            {
                UndefinedMemory.Add((address + (uint)i, byte.MaxValue));
            }
        }
    }

    private void ReadUndefinedRegisters(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            Undefined[RegisterSlots.Find(reader.ValueSpan)] = ulong.MaxValue;
        }
    }
}
