namespace KvmSharp.Lockstep;

/// <summary>How far two machines run before they are compared. The same grain gives the same pieces on every run, so that a run can be repeated.</summary>
public abstract class LockstepGrain
{
    /// <summary>Gets the grain that follows the code: see <see cref="BlockGrain"/>.</summary>
    public static LockstepGrain Block { get; } = new BlockGrain();

    /// <summary>Makes pieces of one length.</summary>
    /// <param name="instructions">The length, above 0.</param>
    /// <returns>The grain.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is 0.</exception>
    public static LockstepGrain Of(ulong instructions)
    {
        ArgumentOutOfRangeException.ThrowIfZero(instructions);
        return new FixedGrain(instructions);
    }

    /// <summary>Makes pieces of 1 to <paramref name="most"/> instructions that follow from a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="most">The longest piece, above 0.</param>
    /// <returns>The grain.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The longest piece is 0.</exception>
    public static LockstepGrain Varied(ulong seed, ulong most)
    {
        ArgumentOutOfRangeException.ThrowIfZero(most);
        return new VariedGrain(seed, most);
    }

    /// <summary>Runs the first machine for one piece.</summary>
    /// <param name="interpreter">The machine.</param>
    /// <param name="index">The piece's number, from 0.</param>
    /// <param name="most">The most instructions.</param>
    /// <param name="cancellation">Ends the run early.</param>
    internal abstract void Advance(ILockstepSide interpreter, ulong index, ulong most, CancellationToken cancellation);

    private sealed class FixedGrain(ulong instructions) : LockstepGrain
    {
        internal override void Advance(ILockstepSide interpreter, ulong index, ulong most, CancellationToken cancellation) =>
            interpreter.Run(Math.Min(instructions, most), cancellation);
    }

    private sealed class VariedGrain(ulong seed, ulong most) : LockstepGrain
    {
        internal override void Advance(ILockstepSide interpreter, ulong index, ulong limit, CancellationToken cancellation) =>
            interpreter.Run(Math.Min(1 + (Mix(seed + (index * 0x9E37_79B9_7F4A_7C15)) % most), limit), cancellation);

        // SplitMix64: any piece's length without those before it.
        private static ulong Mix(ulong value)
        {
            value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
            value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
            return value ^ (value >> 31);
        }
    }
}

/// <summary>A piece ends behind the first instruction or event that moves RIP back, or forward by more than an instruction's 15 bytes; or after 256.</summary>
/// <remarks>
/// So it ends behind taken branches, calls, returns and events. Branches not taken, short ones forward and the iterations of a repeated
/// string instruction do not end it.
/// </remarks>
internal sealed class BlockGrain : LockstepGrain
{
    private const ulong Longest = 256;
    private const ulong LongestInstruction = 15;

    internal override void Advance(ILockstepSide interpreter, ulong index, ulong most, CancellationToken cancellation)
    {
        var before = new ulong[interpreter.Vcpus.Count];
        bool goesOn = true;
        for (ulong count = Math.Min(most, Longest); count > 0 && goesOn && interpreter.Ending is null && !cancellation.IsCancellationRequested; count--)
        {
            for (int i = 0; i < before.Length; i++)
            {
                before[i] = interpreter.Vcpus[i].LookAtState().Rip;
            }

            interpreter.Run(1, cancellation);
            for (int i = 0; i < before.Length; i++)
            {
                goesOn &= interpreter.Vcpus[i].LookAtState().Rip - before[i] <= LongestInstruction;
            }
        }
    }
}
