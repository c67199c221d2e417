using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that a floppy controller and its drives remember.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct FloppyControllerState
{
    /// <summary>Gets or sets the Digital Output register.</summary>
    public byte DigitalOutput { get; set; }

    /// <summary>Gets or sets the Tape Drive register.</summary>
    public byte TapeDrive { get; set; }

    /// <summary>Gets or sets the data rate code, 0 to 3.</summary>
    public byte DataRate { get; set; }

    /// <summary>Gets or sets what the FIFO is for.</summary>
    public FloppyPhase Phase { get; set; }

    /// <summary>Gets or sets how many bytes of the command have come.</summary>
    public byte CommandLength { get; set; }

    /// <summary>Gets or sets how many bytes the result has.</summary>
    public byte ResultLength { get; set; }

    /// <summary>Gets or sets how many of them were read.</summary>
    public byte ResultPosition { get; set; }

    /// <summary>Gets or sets a value indicating whether the controller asks for an interrupt.</summary>
    public bool InterruptPending { get; set; }

    /// <summary>Gets or sets how many of the four drives' answers to a reset wait for SENSE INTERRUPT STATUS.</summary>
    public byte ResetAnswers { get; set; }

    /// <summary>Gets or sets the status of ended seeks, a byte for each drive from the lowest; 0 where none waits.</summary>
    public uint SeekAnswers { get; set; }

    /// <summary>Gets or sets SPECIFY's two bytes: step rate and head unload time, head load time and non-DMA mode.</summary>
    public ushort Specify { get; set; }

    /// <summary>Gets or sets CONFIGURE's second byte: implied seek, FIFO, polling, threshold.</summary>
    public byte Configuration { get; set; }

    /// <summary>Gets or sets CONFIGURE's third byte: the first cylinder with precompensation.</summary>
    public byte PrecompensationTrack { get; set; }

    /// <summary>Gets or sets a value indicating whether CONFIGURE's values outlive a software reset.</summary>
    public bool IsLocked { get; set; }

    /// <summary>Gets or sets the argument of PERPENDICULAR MODE.</summary>
    public byte PerpendicularMode { get; set; }

    /// <summary>Gets or sets the last command with data.</summary>
    public FloppyTransferState Transfer { get; set; }

    /// <summary>Gets or sets the bytes of the command.</summary>
    public FloppyBytes Command { get; set; }

    /// <summary>Gets or sets the bytes of the result.</summary>
    public FloppyBytes Result { get; set; }

    /// <summary>Gets or sets the sector that is on its way.</summary>
    public FloppySector Sector { get; set; }

    /// <summary>Gets or sets the first drive.</summary>
    public FloppyDriveState DriveA { get; set; }

    /// <summary>Gets or sets the second drive.</summary>
    public FloppyDriveState DriveB { get; set; }
}

/// <summary>How far a command with data is.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct FloppyTransferState
{
    /// <summary>Gets or sets the cylinder of the sector's address (C).</summary>
    public byte Cylinder { get; set; }

    /// <summary>Gets or sets the head of the sector's address (H).</summary>
    public byte Head { get; set; }

    /// <summary>Gets or sets the sector's number (R).</summary>
    public byte Number { get; set; }

    /// <summary>Gets or sets the size code of the sector (N): 128 bytes shifted left by it.</summary>
    public byte Size { get; set; }

    /// <summary>Gets or sets how many sectors FORMAT TRACK has still to write.</summary>
    public byte SectorsLeft { get; set; }

    /// <summary>Gets or sets the place of the next byte in the sector buffer, when the host moves data itself.</summary>
    public short Position { get; set; }
}

/// <summary>What a floppy controller's FIFO is for.</summary>
public enum FloppyPhase : byte
{
    /// <summary>Command bytes come in.</summary>
    Command,

    /// <summary>The host reads a sector.</summary>
    DataIn,

    /// <summary>The host writes a sector, or a sector's address for FORMAT TRACK.</summary>
    DataOut,

    /// <summary>The host reads the result.</summary>
    Result,
}

/// <summary>The bytes of the longest command or result.</summary>
[InlineArray(Length)]
public struct FloppyBytes
{
    /// <summary>DUMPREG answers with ten.</summary>
    public const int Length = 10;

    private byte _first;
}

/// <summary>One sector.</summary>
[InlineArray(IDisk.SectorBytes)]
public struct FloppySector
{
    private byte _first;
}
