using System.Numerics;

namespace KvmSharp.Machines;

/// <summary>A number that stands for a whole sequence of events. Equal runs have equal ones; it is no protection against forgery.</summary>
/// <remarks>Sequence numbers and pushed-out events make no difference: every event that was recorded counts. MurmurHash3's mixing, 64 bits at a time.</remarks>
internal struct TraceHash
{
    private const ulong First = 0x87C3_7B91_1142_53D5;
    private const ulong Second = 0x4CF5_AD43_2745_937F;
    private const ulong Addend = 0x52DC_E729;

    /// <summary>Gets the number.</summary>
    public ulong Value { get; private set; }

    /// <summary>Adds an event.</summary>
    /// <param name="traced">The event.</param>
    /// <param name="data">All bytes that it moved.</param>
    public void Add(in TraceEvent traced, ReadOnlySpan<byte> data)
    {
        VmExit exit = traced.Exit;
        VcpuPosition position = traced.Position;
        Mix((ulong)traced.Kind | ((ulong)traced.VcpuId << 8) | ((ulong)traced.Direction << 16) | ((ulong)traced.Width << 24) | ((ulong)position.CodeSegment << 48));
        Mix(position.Instructions);
        Mix(position.Rip);
        Mix((ulong)traced.Time);
        Mix(traced.Address);
        Mix(traced.Value);
        Mix(traced.Vector | (traced.ErrorCode is { } code ? (1UL << 63) | ((ulong)code << 8) : 0));
        if (traced.IsExit)
        {
            Mix((ulong)exit.Reason | ((ulong)exit.BasicExitReason << 16) | ((ulong)exit.Count << 32));
            Mix((ulong)exit.SystemEvent | ((ulong)exit.InternalError << 8) | ((ulong)exit.Intercept << 16));
        }

        for (; data.Length > sizeof(ulong); data = data[sizeof(ulong)..])
        {
            Mix(BitConverter.ToUInt64(data));
        }
    }

    private void Mix(ulong word)
    {
        word = BitOperations.RotateLeft(word * First, 31) * Second;
        Value = (BitOperations.RotateLeft(Value ^ word, 27) * 5) + Addend;
    }
}
