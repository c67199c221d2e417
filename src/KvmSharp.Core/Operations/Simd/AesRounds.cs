using System.Runtime.Intrinsics;
using HostAes = System.Runtime.Intrinsics.X86.Aes;

namespace KvmSharp.Operations.Simd;

/// <summary>AESENC. Intel SDM Vol. 2A, "AESENC".</summary>
internal readonly struct AesEncrypt : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => HostVector.HasAes
        ? HostAes.Encrypt(a, b)
        : AesState.MixColumns(AesState.Substitute(AesState.ShiftRows(a))) ^ b;
}

/// <summary>AESENCLAST. Intel SDM Vol. 2A, "AESENCLAST".</summary>
internal readonly struct AesEncryptLast : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => HostVector.HasAes
        ? HostAes.EncryptLast(a, b)
        : AesState.Substitute(AesState.ShiftRows(a)) ^ b;
}

/// <summary>AESDEC. Intel SDM Vol. 2A, "AESDEC".</summary>
internal readonly struct AesDecrypt : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => HostVector.HasAes
        ? HostAes.Decrypt(a, b)
        : AesState.InverseMixColumns(AesState.InverseSubstitute(AesState.InverseShiftRows(a))) ^ b;
}

/// <summary>AESDECLAST. Intel SDM Vol. 2A, "AESDECLAST".</summary>
internal readonly struct AesDecryptLast : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => HostVector.HasAes
        ? HostAes.DecryptLast(a, b)
        : AesState.InverseSubstitute(AesState.InverseShiftRows(a)) ^ b;
}

/// <summary>AESIMC. Intel SDM Vol. 2A, "AESIMC".</summary>
internal readonly struct AesInverseMixColumns : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        HostVector.HasAes ? HostAes.InverseMixColumns(b) : AesState.InverseMixColumns(b);
}

/// <summary>AESKEYGENASSIST. Intel SDM Vol. 2A, "AESKEYGENASSIST".</summary>
internal readonly struct AesKeyAssist : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control)
    {
        Vector128<uint> substituted = AesState.Substitute(b).AsUInt32();
        uint second = substituted.GetElement(1);
        uint fourth = substituted.GetElement(3);
        return Vector128.Create(second, uint.RotateRight(second, 8) ^ control, fourth, uint.RotateRight(fourth, 8) ^ control).AsByte();
    }
}

/// <summary>The steps of AES on a state of four columns of four bytes. FIPS 197, "Cipher" and "Inverse Cipher".</summary>
internal static class AesState
{
    private const int Reduction = 0x11B; // x^8 + x^4 + x^3 + x + 1

    private static readonly byte[] Forward = MakeForward();
    private static readonly byte[] Backward = Invert(Forward);

    public static Vector128<byte> Substitute(Vector128<byte> state) => Map(state, Forward);

    public static Vector128<byte> InverseSubstitute(Vector128<byte> state) => Map(state, Backward);

    public static Vector128<byte> ShiftRows(Vector128<byte> state) =>
        Vector128.Shuffle(state, Vector128.Create((byte)0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));

    public static Vector128<byte> InverseShiftRows(Vector128<byte> state) =>
        Vector128.Shuffle(state, Vector128.Create((byte)0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));

    /// <summary>Multiplies each column by 03 x^3 + 01 x^2 + 01 x + 02.</summary>
    /// <param name="state">The state.</param>
    /// <returns>The product.</returns>
    public static Vector128<byte> MixColumns(Vector128<byte> state)
    {
        Vector128<byte> next = RotateColumns(state, 1);
        return Double(state ^ next) ^ next ^ RotateColumns(state, 2) ^ RotateColumns(state, 3);
    }

    /// <summary>Multiplies each column by 0B x^3 + 0D x^2 + 09 x + 0E, which is MixColumns after a multiplication by 04 x^2 + 05.</summary>
    /// <param name="state">The state.</param>
    /// <returns>The product.</returns>
    public static Vector128<byte> InverseMixColumns(Vector128<byte> state) =>
        MixColumns(state ^ Double(Double(state ^ RotateColumns(state, 2))));

    private static Vector128<byte> RotateColumns(Vector128<byte> state, int bytes) =>
        ((state.AsUInt32() >>> (8 * bytes)) | (state.AsUInt32() << (32 - (8 * bytes)))).AsByte();

    private static Vector128<byte> Double(Vector128<byte> state)
    {
        Vector128<byte> carries = Vector128.LessThan(state.AsSByte(), Vector128<sbyte>.Zero).AsByte();
        return (state + state) ^ (carries & Vector128.Create(unchecked((byte)Reduction)));
    }

    private static Vector128<byte> Map(Vector128<byte> state, byte[] table)
    {
        for (int i = 0; i < Vector128<byte>.Count; i++)
        {
            state = state.WithElement(i, table[state.GetElement(i)]);
        }

        return state;
    }

    // The multiplicative inverse, then an affine transformation.
    private static byte[] MakeForward()
    {
        byte[] table = new byte[256];
        for (int value = 0; value < table.Length; value++)
        {
            int inverse = 0;
            for (int candidate = 1; value != 0 && inverse == 0; candidate++)
            {
                inverse = Multiply(value, candidate) == 1 ? candidate : 0;
            }

            int wide = inverse * 0x101; // so that a shift rotates
            table[value] = (byte)(inverse ^ (wide >> 4) ^ (wide >> 5) ^ (wide >> 6) ^ (wide >> 7) ^ 0x63);
        }

        return table;
    }

    private static byte[] Invert(byte[] table)
    {
        byte[] inverse = new byte[table.Length];
        for (int value = 0; value < table.Length; value++)
        {
            inverse[table[value]] = (byte)value;
        }

        return inverse;
    }

    private static int Multiply(int a, int b)
    {
        int product = 0;
        for (; b != 0; b >>= 1)
        {
            product ^= (b & 1) != 0 ? a : 0;
            a <<= 1;
            a ^= (a & 0x100) != 0 ? Reduction : 0;
        }

        return product;
    }
}
