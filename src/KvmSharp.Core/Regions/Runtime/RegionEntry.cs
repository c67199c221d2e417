using System.Runtime.InteropServices;

namespace KvmSharp.Regions;

/// <summary>One way into a region. Native, so that the head of a block can name it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RegionEntry
{
    /// <summary>The translated code: takes the context and the entry's number, returns the micro-op where the interpreter goes on, or null.</summary>
    public delegate*<nint, int, nint> Code;

    /// <summary>The entry's number.</summary>
    public int Index;

    /// <summary>Pages besides the first, 0 when the region lies in one.</summary>
    public int OtherPages;

    /// <summary>Bytes from this entry to the first byte of the region; not above 0.</summary>
    public long First;

    /// <summary>Bytes from this entry to the last byte of the region.</summary>
    public long Last;

    /// <summary>RIP for which the translations of the other pages were last found to be as they were.</summary>
    public ulong CheckedRip;

    /// <summary>The code key at that time.</summary>
    public ulong CheckedKey;

    /// <summary>The region's number in its translator.</summary>
    public int Region;
}
