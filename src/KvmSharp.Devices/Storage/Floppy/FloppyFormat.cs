namespace KvmSharp.Devices;

/// <summary>How the sectors of a floppy disk are laid out, and the data rate that reads them.</summary>
/// <param name="Cylinders">Cylinders.</param>
/// <param name="Heads">Sides.</param>
/// <param name="SectorsPerTrack">Sectors per track, all of 512 bytes.</param>
/// <param name="Density">What the medium is made of.</param>
public readonly record struct FloppyFormat(int Cylinders, int Heads, int SectorsPerTrack, FloppyDensity Density)
{
    private static readonly FloppyFormat[] Known =
    [
        new(40, 1, 8, FloppyDensity.DoubleDensity),   // 160K
        new(40, 1, 9, FloppyDensity.DoubleDensity),   // 180K
        new(40, 2, 8, FloppyDensity.DoubleDensity),   // 320K
        new(40, 2, 9, FloppyDensity.DoubleDensity),   // 360K
        new(80, 2, 9, FloppyDensity.DoubleDensity),   // 720K
        new(80, 2, 15, FloppyDensity.HighDensity),    // 1.2M
        new(80, 2, 18, FloppyDensity.HighDensity),    // 1.44M
        new(80, 2, 21, FloppyDensity.HighDensity),    // 1.68M
        new(82, 2, 21, FloppyDensity.HighDensity),    // 1.72M
        new(80, 2, 36, FloppyDensity.ExtraDensity),   // 2.88M
    ];

    /// <summary>Gets the 3.5-inch disk of 1.44M, which an image of unknown size is taken for.</summary>
    public static FloppyFormat Standard { get; } = new(80, 2, 18, FloppyDensity.HighDensity);

    /// <summary>Gets the format with the most sectors, 2.88M.</summary>
    public static FloppyFormat Largest => Known[^1];

    /// <summary>Gets the number of sectors.</summary>
    public int SectorCount => Cylinders * Heads * SectorsPerTrack;

    /// <summary>Gets the kind of drive that the format belongs to, as the CMOS tells it to guests.</summary>
    public BiosFloppyType DriveType => this switch
    {
        { Cylinders: 40 } => BiosFloppyType.Drive360K,
        { SectorsPerTrack: 15 } => BiosFloppyType.Drive1200K,
        { Density: FloppyDensity.ExtraDensity } => BiosFloppyType.Drive2880K,
        _ => BiosFloppyType.Drive1440K,
    };

    /// <summary>Finds the format of an image.</summary>
    /// <param name="sectors">The image's sectors.</param>
    /// <returns>The format of just this size; else 1.44M, or 2.88M for an image larger than that. What the image lacks cannot be read.</returns>
    public static FloppyFormat Of(long sectors)
    {
        foreach (FloppyFormat format in Known)
        {
            if (format.SectorCount == sectors)
            {
                return format;
            }
        }

        return sectors <= Standard.SectorCount ? Standard : Largest;
    }

    /// <summary>Says whether a data rate, in the code of the CCR and DSR registers, reads this medium.</summary>
    internal bool IsReadAt(int rate) => Density switch
    {
        FloppyDensity.HighDensity => rate == 0,      // 500 kb/s
        FloppyDensity.ExtraDensity => rate == 3,     // 1 Mb/s
        _ => rate is 1 or 2,                  // 300 kb/s in a drive of 360 turns a minute, 250 kb/s in one of 300
    };
}

/// <summary>The densities of floppy disks.</summary>
public enum FloppyDensity
{
    /// <summary>Double density: 360K and 720K.</summary>
    DoubleDensity,

    /// <summary>High density: 1.2M and 1.44M.</summary>
    HighDensity,

    /// <summary>Extra density: 2.88M.</summary>
    ExtraDensity,
}

/// <summary>The kinds of floppy drives, by their numbers in the CMOS.</summary>
public enum BiosFloppyType
{
    /// <summary>No drive.</summary>
    None = 0,

    /// <summary>5.25 inch, 360K.</summary>
    Drive360K = 1,

    /// <summary>5.25 inch, 1.2M.</summary>
    Drive1200K = 2,

    /// <summary>3.5 inch, 1.44M, which reads 720K too.</summary>
    Drive1440K = 4,

    /// <summary>3.5 inch, 2.88M.</summary>
    Drive2880K = 5,
}
