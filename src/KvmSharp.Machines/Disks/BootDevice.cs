namespace KvmSharp.Machines;

/// <summary>What firmware tries to boot from. A boot order is a list of these, first choice first.</summary>
public enum BootDevice
{
    /// <summary>The first floppy drive: letter a.</summary>
    Floppy,

    /// <summary>The first hard disk: letter c.</summary>
    Disk,

    /// <summary>The first CD-ROM: letter d.</summary>
    Cdrom,
}
