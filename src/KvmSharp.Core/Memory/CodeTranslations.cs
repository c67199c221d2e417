namespace KvmSharp.Memory;

/// <summary>Remembered translations of code pages: a small instruction TLB, direct-mapped.</summary>
internal sealed class CodeTranslations
{
    private const int Entries = 64;
    private const ulong UserBit = 1;
    private const ulong Never = ulong.MaxValue;

    private readonly ulong[] _tags = new ulong[Entries];
    private readonly ulong[] _pages = new ulong[Entries];

    public CodeTranslations() => Flush();

    public bool TryFind(ulong linear, bool user, out ulong physical)
    {
        int index = (int)(linear >> GuestPage.Shift) & (Entries - 1);
        physical = _pages[index] | (linear & GuestPage.OffsetMask);
        return _tags[index] == TagOf(linear, user);
    }

    public void Add(ulong linear, bool user, ulong physical)
    {
        int index = (int)(linear >> GuestPage.Shift) & (Entries - 1);
        _tags[index] = TagOf(linear, user);
        _pages[index] = physical & ~(ulong)GuestPage.OffsetMask;
    }

    public void Flush() => Array.Fill(_tags, Never);

    private static ulong TagOf(ulong linear, bool user) => (linear & ~(ulong)GuestPage.OffsetMask) | (user ? UserBit : 0);
}
