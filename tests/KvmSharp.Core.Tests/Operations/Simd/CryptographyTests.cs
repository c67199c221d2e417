using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using KvmSharp.Operations;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Tests.Operations.Simd;

public class CryptographyTests
{
    [Fact]
    public void AesRounds_WholeCipher_AreTheFrameworksAes() => Vectors.ForAll((key, text, control) =>
    {
        Vector128<byte>[] keys = Expand(key);
        Vector128<byte> state = text ^ keys[0];
        for (int round = 1; round < 10; round++)
        {
            state = AesEncrypt.Apply(state, keys[round]);
        }

        state = AesEncryptLast.Apply(state, keys[10]);
        using var aes = System.Security.Cryptography.Aes.Create();
        aes.Key = Vectors.Elements<byte>(key);
        Vectors.Elements<byte>(state).Should().Equal(aes.EncryptEcb(Vectors.Elements<byte>(text), PaddingMode.None));

        Vector128<byte> back = state ^ keys[10];
        for (int round = 9; round > 0; round--)
        {
            back = AesDecrypt.Apply(back, AesInverseMixColumns.Apply(default, keys[round]));
        }

        AesDecryptLast.Apply(back, keys[0]).Should().Be(text);
    });

    [Fact]
    public void CarrylessMultiply_EveryChoice_IsTheXorOfShifts() => Vectors.ForAll((a, b, control) =>
    {
        ulong x = Vectors.Elements<ulong>(a)[control & 1], y = Vectors.Elements<ulong>(b)[control >> 4 & 1];
        UInt128 product = 0;
        for (int i = 0; i < 64; i++)
        {
            product ^= (x >> i & 1) != 0 ? (UInt128)y << i : 0;
        }

        Vectors.Same("PCLMULQDQ", CarrylessMultiply.Apply(a, b, control), i => (ulong)(product >> (64 * i)));
    });

    [Fact]
    public void Crc32_EveryWidth_IsBitwiseCastagnoli() => Values.ForAll((data, seed, _) =>
    {
        uint crc = (uint)seed;
        Crc32c.Accumulate(crc, (byte)data).Should().Be(Bitwise(crc, data, 8));
        Crc32c.Accumulate(crc, (ushort)data).Should().Be(Bitwise(crc, data, 16));
        Crc32c.Accumulate(crc, (uint)data).Should().Be(Bitwise(crc, data, 32));
        Crc32c.Accumulate(crc, data).Should().Be(Bitwise(crc, data, 64));
    });

    private static uint Bitwise(uint crc, ulong data, int bits)
    {
        for (int i = 0; i < bits; i++)
        {
            bool carry = ((crc ^ (uint)(data >> i)) & 1) != 0;
            crc = (crc >> 1) ^ (carry ? 0x82F6_3B78 : 0);
        }

        return crc;
    }

    // The key schedule of AES-128 as guests write it. FIPS 197, "Key Expansion".
    private static Vector128<byte>[] Expand(Vector128<byte> key)
    {
        byte[] constants = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1B, 0x36];
        var keys = new Vector128<byte>[11];
        keys[0] = key;
        for (int round = 1; round < keys.Length; round++)
        {
            uint word = AesKeyAssist.Apply(default, keys[round - 1], constants[round - 1]).AsUInt32()[3];
            uint[] previous = Vectors.Elements<uint>(keys[round - 1]);
            for (int i = 0; i < previous.Length; i++)
            {
                word = previous[i] ^= word;
            }

            keys[round] = Vector128.Create(previous).AsByte();
        }

        return keys;
    }
}
