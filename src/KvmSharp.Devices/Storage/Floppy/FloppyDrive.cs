using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>A floppy disk drive: a medium, and heads that stand over a cylinder.</summary>
/// <remarks>It reads all densities, as a 3.5-inch drive of 2.88M does, and 5.25-inch formats too.</remarks>
public sealed class FloppyDrive
{
    private const int LastCylinder = 83; // where the heads of most drives stop

    private FloppyDriveState _s = new() { HasChanged = true };

    /// <summary>Makes a drive.</summary>
    /// <param name="medium">What lies in it; <see langword="null"/> for nothing.</param>
    public FloppyDrive(IDisk? medium = null) => ChangeMedium(medium);

    /// <summary>Gets what lies in the drive.</summary>
    public IDisk? Medium { get; private set; }

    /// <summary>Gets the medium's layout.</summary>
    public FloppyFormat Format { get; private set; }

    /// <summary>Gets the cylinder that the heads stand over.</summary>
    internal int Cylinder => _s.Cylinder;

    /// <summary>Gets the disk change line: high from the removal of a medium to the first step with another one in.</summary>
    internal bool HasChanged => _s.HasChanged || Medium is null;

    internal FloppyDriveState State
    {
        get => _s;
        set => _s = value;
    }

    /// <summary>Changes the medium. Call with the device lock held.</summary>
    /// <param name="medium">The new one; <see langword="null"/> takes it out.</param>
    public void ChangeMedium(IDisk? medium)
    {
        Medium = medium;
        Format = medium is null ? FloppyFormat.Standard : FloppyFormat.Of(medium.SectorCount);
        _s.HasChanged = true;
    }

    internal void Reset() => _s = new FloppyDriveState { HasChanged = true };

    /// <summary>Moves the heads; a step clears the disk change line.</summary>
    internal void StepTo(int cylinder)
    {
        cylinder = Math.Min(cylinder, LastCylinder);
        _s.HasChanged &= cylinder == _s.Cylinder || Medium is null;
        _s.Cylinder = (byte)cylinder;
    }

    /// <summary>Finds a sector under the heads.</summary>
    /// <returns><see langword="false"/> when there is none with this head and number on the track.</returns>
    internal bool TryLocate(int head, int number, out long sector)
    {
        sector = ((((long)Cylinder * Format.Heads) + head) * Format.SectorsPerTrack) + number - 1;
        return Medium is not null && Cylinder < Format.Cylinders && head < Format.Heads && number >= 1 && number <= Format.SectorsPerTrack
            && sector < Medium.SectorCount;
    }
}

/// <summary>All that a floppy drive remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct FloppyDriveState
{
    /// <summary>Gets or sets the cylinder that the heads stand over.</summary>
    public byte Cylinder { get; set; }

    /// <summary>Gets or sets a value indicating whether the medium was changed since the heads moved.</summary>
    public bool HasChanged { get; set; }
}
