using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Tests.Operations;

/// <summary>Operands for properties: half of them at the edges of some width, half anywhere.</summary>
internal static class Values
{
    public static readonly uint[] AllFlagStates = [.. Enumerable.Range(0, 64).Select(Spread)];

    private static readonly ulong[] Edges =
    [
        0, 1, 2, 0xF, 0x10, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    public static Arbitrary<ulong> Words { get; } = Gen.OneOf(
        Gen.Elements(Edges),
        from high in Gen.Choose(int.MinValue, int.MaxValue)
        from low in Gen.Choose(int.MinValue, int.MaxValue)
        select ((ulong)(uint)high << 32) | (uint)low).ToArbitrary();

    public static Arbitrary<uint> FlagStates { get; } = Gen.Elements(AllFlagStates).ToArbitrary();

    public static Arbitrary<int> Counts { get; } = Gen.Choose(0, 255).ToArbitrary();

    /// <summary>Runs a check on many operand pairs and initial flags; the check throws when it fails.</summary>
    public static void ForAll(Action<ulong, ulong, uint> check) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Words, Words, FlagStates, check));

    private static uint Spread(int six) => (uint)((six & 1) | ((six & 2) << 1) | ((six & 4) << 2) | ((six & 0x18) << 3) | ((six & 0x20) << 6));
}
