namespace KvmSharp.Regions;

/// <summary>Which elements of an XMM register are known, at one place in translated code, to be neither denormal nor NaN, so that nobody need look.</summary>
[Flags]
internal enum PlainLanes
{
    None = 0,
    LowSingle = 1,
    LowDouble = 2,
    Singles = 4 | LowSingle,
    Doubles = 8 | LowDouble,
    All = Singles | Doubles,
}
