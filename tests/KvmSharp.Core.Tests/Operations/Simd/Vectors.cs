using System.Runtime.Intrinsics;
using FsCheck;
using FsCheck.Fluent;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Tests.Operations.Simd;

/// <summary>Vector operands for properties, and the switch between host and portable code, which tests share one at a time.</summary>
internal static class Vectors
{
    private static readonly Lock Switch = new();

    /// <summary>Runs a check on many pairs of vectors, both ways; the check throws when it fails.</summary>
    public static void ForAll(Action<Vector128<byte>, Vector128<byte>, byte> check)
    {
        Arbitrary<Vector128<byte>> vectors = (
            from low in Values.Words.Generator
            from high in Values.Words.Generator
            select Vector128.Create(low, high).AsByte()).ToArbitrary();
        Arbitrary<byte> controls = Gen.Choose(0, 255).Select(n => (byte)n).ToArbitrary();
        OnBothPaths(() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(vectors, vectors, controls, check)));
    }

    public static void OnBothPaths(Action check)
    {
        lock (Switch)
        {
            try
            {
                HostVector.IsUsed = true;
                check();
                HostVector.IsUsed = false;
                check();
            }
            finally
            {
                HostVector.IsUsed = true;
            }
        }
    }

    public static T[] Elements<T>(Vector128<byte> vector)
        where T : unmanaged => [.. Enumerable.Range(0, Vector128<T>.Count).Select(i => vector.As<byte, T>().GetElement(i))];

    /// <summary>Checks an operation against one made from its elements.</summary>
    public static void Same<T>(string name, Vector128<byte> actual, Func<int, T> expected)
        where T : unmanaged
    {
        T[] elements = Elements<T>(actual);
        for (int i = 0; i < elements.Length; i++)
        {
            T wanted = expected(i);
            if (!EqualityComparer<T>.Default.Equals(elements[i], wanted))
            {
                Assert.Fail($"{name}, host {HostVector.IsUsed}: element {i} is {elements[i]}, not {wanted}");
            }
        }
    }
}
