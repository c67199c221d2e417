using System.Numerics;

namespace KvmSharp.Apic;

/// <summary>256 bits, one for each vector: IRR, ISR or TMR. Any thread may set and clear bits; none waits for another.</summary>
internal sealed class VectorSet
{
    private const int WordBits = 64;
    private const int HalfWords = 2; // a register of the APIC holds 32 bits

    private readonly ulong[] _words = new ulong[256 / WordBits];

    /// <summary>Gets the highest vector in the set, the most urgent one; -1 when it is empty.</summary>
    public int Highest
    {
        get
        {
            for (int i = _words.Length - 1; i >= 0; i--)
            {
                ulong word = Volatile.Read(ref _words[i]);
                if (word != 0)
                {
                    return (i * WordBits) + BitOperations.Log2(word);
                }
            }

            return -1;
        }
    }

    public bool Has(byte vector) => (Volatile.Read(ref _words[vector / WordBits]) & BitOf(vector)) != 0;

    /// <summary>Adds a vector.</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>Whether it was not there before.</returns>
    public bool Add(byte vector) => (Interlocked.Or(ref _words[vector / WordBits], BitOf(vector)) & BitOf(vector)) == 0;

    public void Remove(byte vector) => Interlocked.And(ref _words[vector / WordBits], ~BitOf(vector));

    public void Clear() => Array.Clear(_words);

    /// <summary>Gives the bits as one of eight registers shows them.</summary>
    /// <param name="index">0 for vectors 0 to 31, and so on.</param>
    /// <returns>32 bits.</returns>
    public uint GetRegister(int index) => (uint)(Volatile.Read(ref _words[index / HalfWords]) >> (index % HalfWords * 32));

    public void SetRegister(int index, uint value)
    {
        int shift = index % HalfWords * 32;
        ulong kept = _words[index / HalfWords] & ~((ulong)uint.MaxValue << shift);
        _words[index / HalfWords] = kept | ((ulong)value << shift);
    }

    private static ulong BitOf(byte vector) => 1UL << (vector % WordBits);
}
