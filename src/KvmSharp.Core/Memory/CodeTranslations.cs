namespace KvmSharp.Memory;

/// <summary>Remembered translations of code pages: a small instruction TLB, direct-mapped.</summary>
internal sealed class CodeTranslations
{
    private const int Entries = 64;
    private const ulong UserBit = 1;
    private const ulong Never = ulong.MaxValue;

    private readonly ulong[] _tags = new ulong[Entries];
    private readonly ulong[] _pages = new ulong[Entries];
    private readonly bool[] _global = new bool[Entries];
    private readonly PageFilter _seen = new();

    public CodeTranslations() => Array.Fill(_tags, Never);

    /// <summary>Gets a value indicating whether supervisor code has been met in a page that is not global: a CR3 load then changes it too.</summary>
    public bool HasLocalSupervisorPages { get; private set; }

    public bool TryFind(ulong linear, bool user, out ulong physical)
    {
        int index = IndexOf(linear);
        physical = _pages[index] | (linear & GuestPage.OffsetMask);
        return _tags[index] == TagOf(linear, user);
    }

    public void Add(ulong linear, bool user, ulong physical, bool global)
    {
        int index = IndexOf(linear);
        _tags[index] = TagOf(linear, user);
        _pages[index] = physical & ~(ulong)GuestPage.OffsetMask;
        _global[index] = global;
        _seen.Add(linear);
        HasLocalSupervisorPages |= !user && !global;
    }

    /// <summary>Tells whether code of a page may have been translated since everything was forgotten.</summary>
    public bool MayHold(ulong linear) => _seen.MayHold(linear);

    /// <summary>Forgets one page.</summary>
    public void FlushPage(ulong linear)
    {
        int index = IndexOf(linear);
        if ((_tags[index] & ~UserBit) == (linear & ~(ulong)GuestPage.OffsetMask))
        {
            _tags[index] = Never;
        }
    }

    /// <summary>Forgets everything, or everything that is not global.</summary>
    public void Flush(bool keepGlobal)
    {
        if (!keepGlobal)
        {
            Array.Fill(_tags, Never);
            _seen.Clear();
            HasLocalSupervisorPages = false;
            return;
        }

        for (int i = 0; i < Entries; i++)
        {
            if (!_global[i])
            {
                _tags[i] = Never;
            }
        }
    }

    private static int IndexOf(ulong linear) => (int)(linear >> GuestPage.Shift) & (Entries - 1);

    private static ulong TagOf(ulong linear, bool user) => (linear & ~(ulong)GuestPage.OffsetMask) | (user ? UserBit : 0);
}
