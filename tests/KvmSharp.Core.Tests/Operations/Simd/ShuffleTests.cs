using System.Runtime.Intrinsics;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Tests.Operations.Simd;

public class ShuffleTests
{
    [Fact]
    public void Unpacks_EveryWidth_TakeElementsInTurn() => Vectors.ForAll((a, b, control) =>
    {
        Unpack<byte>(a, b);
        Unpack<ushort>(a, b);
        Unpack<uint>(a, b);
        Unpack<ulong>(a, b);
    });

    [Fact]
    public void Packs_EveryWidth_Saturate() => Vectors.ForAll((a, b, control) =>
    {
        short[] words = [.. Vectors.Elements<short>(a), .. Vectors.Elements<short>(b)];
        int[] doublewords = [.. Vectors.Elements<int>(a), .. Vectors.Elements<int>(b)];
        Vectors.Same("PACKSSWB", PackSignedWords.Apply(a, b), i => sbyte.CreateSaturating(words[i]));
        Vectors.Same("PACKUSWB", PackUnsignedWords.Apply(a, b), i => byte.CreateSaturating(words[i]));
        Vectors.Same("PACKSSDW", PackSignedDoublewords.Apply(a, b), i => short.CreateSaturating(doublewords[i]));
        Vectors.Same("PACKUSDW", PackUnsignedDoublewords.Apply(a, b), i => ushort.CreateSaturating(doublewords[i]));
        short[] halves = [.. words[..4], .. words[8..12]];
        Vector128<byte> mmx = SideBySide<PackSignedWords>.Apply(a, b);
        Vectors.Elements<sbyte>(mmx)[..8].Should().Equal(halves.Select(sbyte.CreateSaturating));
    });

    [Fact]
    public void Shuffles_EveryControl_TakeTheElementsNamed() => Vectors.ForAll((a, b, control) =>
    {
        uint[] x = Vectors.Elements<uint>(a), y = Vectors.Elements<uint>(b);
        ushort[] words = Vectors.Elements<ushort>(b);
        Vectors.Same("PSHUFB", ShuffleBytes.Apply(a, b), i => (b[i] & 0x80) != 0 ? (byte)0 : a[b[i] & 15]);
        Vectors.Same("PSHUFD", ShuffleDoublewords.Apply(a, b, control), i => y[Field(control, i)]);
        Vectors.Same("PSHUFLW", ShuffleLowWords.Apply(a, b, control), i => i < 4 ? words[Field(control, i)] : words[i]);
        Vectors.Same("PSHUFHW", ShuffleHighWords.Apply(a, b, control), i => i < 4 ? words[i] : words[4 + Field(control, i - 4)]);
        Vectors.Same("SHUFPS", ShuffleSingles.Apply(a, b, control), i => (i < 2 ? x : y)[Field(control, i)]);
        Vectors.Same("BLENDPS", Blend<uint>.Apply(a, b, control), i => (control >> i & 1) != 0 ? y[i] : x[i]);
        Vectors.Same("PBLENDVB", VariableBlend<sbyte>.Apply(a, b, a ^ b), i => ((a[i] ^ b[i]) & 0x80) != 0 ? b[i] : a[i]);
        byte[] joined = [.. Vectors.Elements<byte>(b), .. Vectors.Elements<byte>(a), .. new byte[256]];
        Vectors.Same("PALIGNR", AlignRight.Apply(a, b, control), i => joined[i + control]);
    });

    [Fact]
    public void Horizontal_Pairs_DestinationFirst() => Vectors.ForAll((a, b, control) =>
    {
        short[] words = [.. Vectors.Elements<short>(a), .. Vectors.Elements<short>(b)];
        Vectors.Same("PHADDSW", Horizontal<PackedAddSaturated<short>, short>.Apply(a, b), i => short.CreateSaturating(words[2 * i] + words[(2 * i) + 1]));
        Vectors.Same("PHSUBW", Horizontal<PackedSubtract<short>, short>.Apply(a, b), i => (short)(words[2 * i] - words[(2 * i) + 1]));
    });

    [Fact]
    public void Widen_LowElements_KeepTheirValue() => Vectors.ForAll((a, b, control) =>
    {
        Vectors.Same("PMOVSXBW", Widen<sbyte, short>.Apply(a, b), i => (short)(sbyte)b[i]);
        Vectors.Same("PMOVZXBQ", Widen<byte, ulong>.Apply(a, b), i => (ulong)b[i]);
        Vectors.Same("PMOVSXDQ", Widen<int, long>.Apply(a, b), i => (long)b.AsInt32()[i]);
    });

    private static int Field(byte control, int index) => (control >> (2 * index)) & 3;

    private static void Unpack<T>(Vector128<byte> a, Vector128<byte> b)
        where T : unmanaged
    {
        T[] x = Vectors.Elements<T>(a), y = Vectors.Elements<T>(b);
        int half = x.Length / 2;
        Vectors.Same("PUNPCKL", InterleaveLow<T>.Apply(a, b), i => (i % 2 == 0 ? x : y)[i / 2]);
        Vectors.Same("PUNPCKH", InterleaveHigh<T>.Apply(a, b), i => (i % 2 == 0 ? x : y)[half + (i / 2)]);
    }
}
