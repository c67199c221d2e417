using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>The mode pages of a CD-ROM drive. MMC-3, "Mode select/sense parameters"; page 2Ah is from MMC-2.</summary>
internal static class CdModePages
{
    private const byte ErrorRecovery = 0x01;
    private const byte Capabilities = 0x2A;
    private const byte AllPages = 0x3F;
    private const int ShortHeader = 4;
    private const int LongHeader = 8;

    public static int Sense6(ReadOnlySpan<byte> packet, Span<byte> data, in CdDriveState state, bool ready, out CdSense sense)
    {
        int length = Pages(packet[2], data, ShortHeader, state, out sense);
        if (length != 0)
        {
            data[..ShortHeader].Clear();
            data[0] = (byte)(length - 1);
            data[1] = MediumType(state, ready);
        }

        return length;
    }

    public static int Sense10(ReadOnlySpan<byte> packet, Span<byte> data, in CdDriveState state, bool ready, out CdSense sense)
    {
        int length = Pages(packet[2], data, LongHeader, state, out sense);
        if (length != 0)
        {
            data[..LongHeader].Clear();
            BinaryPrimitives.WriteUInt16BigEndian(data, (ushort)(length - sizeof(ushort)));
            data[2] = MediumType(state, ready);
        }

        return length;
    }

    private static byte MediumType(in CdDriveState state, bool ready)
    {
        const byte DataDisc = 0x01; // 120 mm
        const byte NoDisc = 0x70;
        const byte DoorOpen = 0x71;
        return state.IsTrayOpen ? DoorOpen : ready ? DataDisc : NoDisc;
    }

    /// <summary>Writes the pages asked for behind the header.</summary>
    /// <returns>The length with the header; 0, and why in <paramref name="sense"/>, when there is no such page or value.</returns>
    private static int Pages(byte selector, Span<byte> data, int length, in CdDriveState state, out CdSense sense)
    {
        const int Changeable = 1;
        const int Saved = 3;
        int start = length;
        int kind = selector >> 6;
        int page = selector & AllPages;
        sense = kind == Saved ? CdSense.SavingNotSupported : CdSense.InvalidField;
        if (kind == Saved)
        {
            return 0;
        }

        if (page is ErrorRecovery or AllPages)
        {
            length += ErrorRecoveryPage(data[length..], kind == Changeable);
        }

        if (page is Capabilities or AllPages)
        {
            length += CapabilitiesPage(data[length..], kind == Changeable, state.IsLocked);
        }

        return length == start ? 0 : length;
    }

    private static int ErrorRecoveryPage(Span<byte> page, bool changeable)
    {
        const int Length = 8;
        page[..Length].Clear();
        page[0] = ErrorRecovery;
        page[1] = Length - 2;
        page[3] = changeable ? (byte)0 : (byte)5; // read retries
        return Length;
    }

    private static int CapabilitiesPage(Span<byte> page, bool changeable, bool locked)
    {
        const int Length = 20;
        const ushort Speed = 706; // kilobytes per second: four times a music player
        page[..Length].Clear();
        page[0] = Capabilities;
        page[1] = Length - 2;
        if (changeable)
        {
            return Length; // nothing is
        }

        page[2] = 0x3B; // reads CD-R, CD-RW, method 2, DVD-ROM, DVD-R
        page[4] = 0x70; // mode 2 forms 1 and 2, multisession
        page[6] = (byte)(0x29 | (locked ? 0x02 : 0)); // a tray that ejects and locks
        BinaryPrimitives.WriteUInt16BigEndian(page[8..], Speed);
        BinaryPrimitives.WriteUInt16BigEndian(page[10..], 2); // volume levels
        BinaryPrimitives.WriteUInt16BigEndian(page[12..], 512); // buffer, KiB
        BinaryPrimitives.WriteUInt16BigEndian(page[14..], Speed);
        return Length;
    }
}
