namespace KvmSharp.Tests.Lockstep;

/// <summary>The modes that compared programs run in.</summary>
public enum ProgramMode
{
    /// <summary>Real mode, with segments that do not begin at 0.</summary>
    Real16,

    /// <summary>32-bit protected mode, all segments flat.</summary>
    Flat32,

    /// <summary>32-bit protected mode, with bases, and a limit on FS.</summary>
    Segmented32,

    /// <summary>32-bit flat with paging: a page that is missing, one that is read-only, and everything mapped twice.</summary>
    Paged32,

    /// <summary>64-bit mode, with the same pages.</summary>
    Long64,
}
