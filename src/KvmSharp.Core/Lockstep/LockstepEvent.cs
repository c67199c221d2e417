using System.Globalization;

namespace KvmSharp.Lockstep;

/// <summary>One exit of a compared machine, with what it moved.</summary>
/// <param name="At">The instructions retired before it, on all vCPUs together.</param>
/// <param name="Exit">The exit.</param>
/// <param name="Data">The first 8 bytes that were moved, little-endian.</param>
/// <param name="Hash">Of all bytes that were moved, for string instructions move many (FNV-1a).</param>
public readonly record struct LockstepEvent(ulong At, VmExit Exit, ulong Data, ulong Hash)
{
    private const ulong FnvOffset = 0xCBF2_9CE4_8422_2325;
    private const ulong FnvPrime = 0x100_0000_01B3;

    /// <summary>Makes the event of an exit.</summary>
    /// <param name="at">The instructions retired before it.</param>
    /// <param name="vmExit">The exit.</param>
    /// <param name="data">What was moved; for a read, behind its answer.</param>
    /// <returns>The event.</returns>
    public static LockstepEvent Of(ulong at, in VmExit vmExit, ReadOnlySpan<byte> data)
    {
        ulong first = 0;
        ulong hash = FnvOffset;
        for (int i = 0; i < data.Length; i++)
        {
            hash = (hash ^ data[i]) * FnvPrime;
            first |= i < sizeof(ulong) ? (ulong)data[i] << (8 * i) : 0;
        }

        return new LockstepEvent(at, vmExit, first, hash);
    }

    /// <summary>Describes the event on one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string what = Exit.Reason switch
        {
            VmExitReason.Io => $"io {Exit.Direction} port={Exit.Port:X}h width={Exit.Width} count={Exit.Count} data={Data:X}h hash={Hash:X}h",
            VmExitReason.Mmio => $"mmio {Exit.Direction} address={Exit.Address:X}h width={Exit.Width} data={Data:X}h",
            _ => $"{Exit.Reason} {Exit.Address:X}h data={Data:X}h",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{what} behind instruction {At}");
    }
}
