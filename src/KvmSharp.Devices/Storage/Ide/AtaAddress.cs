using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>A way to count sectors by cylinder, head and sector. Sectors count from 1, the others from 0.</summary>
/// <param name="Cylinders">Cylinders.</param>
/// <param name="Heads">Heads, 1 to 16.</param>
/// <param name="SectorsPerTrack">Sectors per track, 1 to 255.</param>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct AtaGeometry(ushort Cylinders, byte Heads, byte SectorsPerTrack)
{
    private const int MostCylinders = 16383; // with 16 heads and 63 sectors: what a drive above 8 GB says of itself

    /// <summary>Gets the number of sectors that can be named.</summary>
    public readonly uint SectorCount => (uint)Cylinders * Heads * SectorsPerTrack;

    /// <summary>The geometry that a drive of this size powers on with.</summary>
    internal static AtaGeometry Default(long sectors)
    {
        const int Heads = 16;
        const int SectorsPerTrack = 63;
        return WithCylinders(sectors, Heads, SectorsPerTrack);
    }

    /// <summary>As many whole cylinders as the drive holds; one at least, so that its first sectors have names.</summary>
    internal static AtaGeometry WithCylinders(long sectors, byte heads, byte sectorsPerTrack) =>
        new((ushort)Math.Clamp(sectors / (heads * sectorsPerTrack), 1, MostCylinders), heads, sectorsPerTrack);
}

/// <summary>The three ways in which a task file names a sector: CHS, 28 bits and 48 bits.</summary>
internal static class AtaAddress
{
    /// <summary>The last sector that a 28-bit command reaches.</summary>
    public const long Last28 = 0x0FFF_FFFF;

    public static bool TryRead(in TaskFile file, AtaGeometry geometry, bool extended, out long sector)
    {
        long low = (byte)file.LbaLow | ((long)file.Cylinder << 8);
        if (extended)
        {
            int high = (file.LbaLow >> 8) | (file.LbaMid >> 8 << 8) | (file.LbaHigh >> 8 << 16);
            sector = low | ((long)high << 24);
            return true;
        }

        int bits24To27 = file.Device & AtaDevice.AddressBits;
        if ((file.Device & AtaDevice.Lba) != 0)
        {
            sector = low | ((long)bits24To27 << 24);
            return true;
        }

        int number = (byte)file.LbaLow;
        sector = ((((long)file.Cylinder * geometry.Heads) + bits24To27) * geometry.SectorsPerTrack) + number - 1;
        return number >= 1 && number <= geometry.SectorsPerTrack && bits24To27 < geometry.Heads;
    }

    /// <summary>Stores an address in the form that the running command uses.</summary>
    public static void Store(ref TaskFile file, AtaGeometry geometry, bool extended, long sector)
    {
        if (extended)
        {
            file.LbaLow = (ushort)((byte)sector | ((byte)(sector >> 24) << 8));
            file.LbaMid = (ushort)((byte)(sector >> 8) | ((byte)(sector >> 32) << 8));
            file.LbaHigh = (ushort)((byte)(sector >> 16) | ((byte)(sector >> 40) << 8));
        }
        else if ((file.Device & AtaDevice.Lba) != 0)
        {
            file.LbaLow = (byte)sector;
            file.Cylinder = (ushort)(sector >> 8);
            StoreDeviceBits(ref file, (int)(sector >> 24));
        }
        else
        {
            long track = sector / geometry.SectorsPerTrack;
            file.LbaLow = (byte)((sector % geometry.SectorsPerTrack) + 1);
            file.Cylinder = (ushort)(track / geometry.Heads);
            StoreDeviceBits(ref file, (int)(track % geometry.Heads));
        }
    }

    private static void StoreDeviceBits(ref TaskFile file, int bits) =>
        file.Device = (byte)((file.Device & ~AtaDevice.AddressBits) | (bits & AtaDevice.AddressBits));
}
