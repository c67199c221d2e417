using System.Globalization;

namespace KvmSharp.Testing;

/// <summary>How far a guest may run before a test gives up: in instructions, in virtual time, or the first of both. Never in wall time.</summary>
/// <remarks>A slow machine and a fast one give the same result.</remarks>
public readonly record struct Budget
{
    private Budget(ulong? instructions, TimeSpan? virtualTime)
    {
        MaxInstructions = instructions;
        MaxVirtualTime = virtualTime;
    }

    /// <summary>Gets the budget of whoever names none: ten thousand million instructions, or ten minutes of virtual time for a guest that idles.</summary>
    public static Budget Default { get; } = OfInstructions(10_000_000_000).And(OfVirtualTime(TimeSpan.FromMinutes(10)));

    /// <summary>Gets the number of instructions; <see langword="null"/> for any.</summary>
    public ulong? MaxInstructions { get; }

    /// <summary>Gets the virtual time; <see langword="null"/> for any.</summary>
    public TimeSpan? MaxVirtualTime { get; }

    /// <summary>Makes a budget of instructions, counted over all processors.</summary>
    /// <param name="instructions">How many.</param>
    /// <returns>The budget.</returns>
    public static Budget OfInstructions(ulong instructions) => new(instructions, null);

    /// <summary>Makes a budget of virtual time, which also passes while the guest halts.</summary>
    /// <param name="time">How long; in deterministic time an instruction takes a nanosecond.</param>
    /// <returns>The budget.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public static Budget OfVirtualTime(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        return new(null, time);
    }

    /// <summary>Gives the budget that is spent as soon as one of two is.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The smaller of each.</returns>
    public Budget And(Budget other) => new(Least(MaxInstructions, other.MaxInstructions), Least(MaxVirtualTime, other.MaxVirtualTime));

    /// <summary>Takes a number of instructions for a budget.</summary>
    /// <param name="instructions">How many.</param>
    public static implicit operator Budget(ulong instructions) => OfInstructions(instructions);

    /// <summary>Takes a virtual time for a budget.</summary>
    /// <param name="time">How long.</param>
    public static implicit operator Budget(TimeSpan time) => OfVirtualTime(time);

    /// <summary>Says it in words.</summary>
    /// <returns>Such as "1,000 instructions".</returns>
    public override string ToString()
    {
        string[] parts =
        [
            .. MaxInstructions is { } count ? [string.Create(CultureInfo.InvariantCulture, $"{count:N0} instructions")] : Array.Empty<string>(),
            .. MaxVirtualTime is { } time ? [string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:N3} ms of virtual time")] : Array.Empty<string>(),
        ];
        return parts.Length == 0 ? "no limit" : string.Join(" or ", parts);
    }

    private static T? Least<T>(T? a, T? b)
        where T : struct, IComparable<T> =>
        a is not { } x ? b : b is not { } y ? a : x.CompareTo(y) <= 0 ? a : b;
}
