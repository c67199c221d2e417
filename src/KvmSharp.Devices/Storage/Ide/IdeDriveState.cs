using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that one drive remembers; what its kind does not use is zero, and all of it where no drive is connected.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct IdeDriveState
{
    /// <summary>Gets or sets the registers.</summary>
    public TaskFile Registers { get; set; }

    /// <summary>Gets or sets how far the running command is.</summary>
    public IdeTransfer Transfer { get; set; }

    /// <summary>Gets or sets the settings that commands made.</summary>
    public AtaSettings Settings { get; set; }

    /// <summary>Gets or sets what a CD-ROM drive remembers of its medium and of its last error.</summary>
    public CdDriveState Cd { get; set; }

    /// <summary>Gets or sets the sector buffer.</summary>
    public IdeBuffer Buffer { get; set; }
}

/// <summary>How far a command with data is.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct IdeTransfer
{
    /// <summary>Gets or sets what the drive waits for.</summary>
    public IdePhase Phase { get; set; }

    /// <summary>Gets or sets the place of the next byte in the buffer.</summary>
    public int Position { get; set; }

    /// <summary>Gets or sets the place in the buffer at which the drive acts: data for the host ends, or data from it are complete.</summary>
    public int Stop { get; set; }

    /// <summary>Gets or sets how many bytes of the buffer hold data.</summary>
    public int Length { get; set; }

    /// <summary>Gets or sets how many bytes of the DRQ block come behind <see cref="Stop"/>; only packet drives have blocks larger than the buffer.</summary>
    public int BlockLeft { get; set; }

    /// <summary>Gets or sets the next sector (of a CD: block of 2,048 bytes) to read or write.</summary>
    public long Sector { get; set; }

    /// <summary>Gets or sets how many sectors are still to be read or written.</summary>
    public int SectorsLeft { get; set; }

    /// <summary>Gets or sets how many sectors make a DRQ block; for packet drives, the largest number of bytes in one.</summary>
    public int BlockSize { get; set; }

    /// <summary>Gets or sets a value indicating whether the command uses a 48-bit address.</summary>
    public bool IsExtended { get; set; }

    /// <summary>Gets or sets a value indicating whether a packet's data go by DMA.</summary>
    public bool UsesDma { get; set; }

    /// <summary>Gets or sets a value indicating whether the medium failed within a DRQ block: zeros fill it, the error follows behind it.</summary>
    public bool HasFailed { get; set; }
}

/// <summary>What a drive waits for.</summary>
public enum IdePhase : byte
{
    /// <summary>A command.</summary>
    Command,

    /// <summary>The host reads the data port.</summary>
    DataIn,

    /// <summary>The host writes the data port.</summary>
    DataOut,

    /// <summary>The host writes a command packet.</summary>
    Packet,

    /// <summary>The bus master takes data to memory.</summary>
    DmaIn,

    /// <summary>The bus master brings data from memory.</summary>
    DmaOut,
}

/// <summary>What commands have set in a drive.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct AtaSettings
{
    /// <summary>Gets or sets how CHS addresses are counted.</summary>
    public AtaGeometry Translation { get; set; }

    /// <summary>Gets or sets the sectors per DRQ block of READ and WRITE MULTIPLE; 0 while these are disabled.</summary>
    public byte MultipleCount { get; set; }

    /// <summary>Gets or sets the DMA mode as SET FEATURES takes it: 20h + n multiword, 40h + n ultra.</summary>
    public byte DmaMode { get; set; }

    /// <summary>Gets or sets a value indicating whether a write may end before it is on the medium.</summary>
    public bool WriteCache { get; set; }

    /// <summary>Gets or sets a value indicating whether settings outlive a soft reset.</summary>
    public bool KeepsSettings { get; set; }

    /// <summary>Gets or sets the power mode.</summary>
    public AtaPowerMode Power { get; set; }
}

/// <summary>The power modes of a drive.</summary>
public enum AtaPowerMode : byte
{
    /// <summary>Active or idle.</summary>
    Active,

    /// <summary>Standby: the next access to the medium ends it.</summary>
    Standby,

    /// <summary>Sleep: only a reset ends it.</summary>
    Sleep,
}

/// <summary>The sector buffer of a drive: the largest DRQ block of a disk.</summary>
[InlineArray(Length)]
public struct IdeBuffer
{
    /// <summary>Sectors that fit.</summary>
    public const int Sectors = 16;

    /// <summary>Bytes that fit.</summary>
    public const int Length = Sectors * IDisk.SectorBytes;

    private byte _first;
}
