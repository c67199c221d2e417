namespace KvmSharp.Memory;

/// <summary>A set of pages that may answer "perhaps" for one it does not hold, never "no" for one it holds: a Bloom filter with one hash.</summary>
/// <param name="shift">The pages' size as a power of two.</param>
internal sealed class PageFilter(int shift = GuestPage.Shift)
{
    private const int WordBits = 64;
    private const int Words = 256;

    private readonly ulong[] _bits = new ulong[Words];

    public void Add(ulong linear)
    {
        uint bit = BitOf(linear);
        _bits[bit / WordBits] |= 1UL << (int)(bit % WordBits);
    }

    public bool MayHold(ulong linear)
    {
        uint bit = BitOf(linear);
        return (_bits[bit / WordBits] >> (int)(bit % WordBits) & 1) != 0;
    }

    public void Clear() => Array.Clear(_bits);

    private uint BitOf(ulong linear)
    {
        ulong page = linear >> shift;
        return (uint)(page ^ (page >> 14)) & ((Words * WordBits) - 1);
    }
}
