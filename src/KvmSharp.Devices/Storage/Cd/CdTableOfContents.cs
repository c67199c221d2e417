using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>The table of contents of a disc with one data track. MMC-3, "READ TOC/PMA/ATIP".</summary>
internal static class CdTableOfContents
{
    private const int HeaderLength = 4;
    private const byte DataTrack = 0x14; // ADR 1 (position), control 4 (data)
    private const byte LeadOut = 0xAA;
    private const byte TimeFormat = 0x02; // MSF: minutes, seconds and frames
    private const int FramesPerSecond = 75;
    private const int PregapFrames = 150; // block 0 lies two seconds behind the start of the program area

    /// <summary>Writes the table in the format that the packet asks for.</summary>
    /// <returns>Its length; 0 when the packet asks for something that there is not.</returns>
    public static int Write(ReadOnlySpan<byte> packet, Span<byte> table, long blocks)
    {
        bool asTime = (packet[1] & TimeFormat) != 0;
        int format = packet[2] & 0x0F;
        format = format == 0 ? packet[9] >> 6 : format; // SFF-8020i has it in the last byte
        int length = format switch
        {
            0 => Tracks(table, startTrack: packet[6], asTime, blocks),
            1 => Sessions(table, asTime),
            2 => Full(table, blocks),
            _ => 0,
        };
        if (length != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(table, (ushort)(length - sizeof(ushort)));
            table[2] = 1; // the first track or session
            table[3] = 1; // the last one
        }

        return length;
    }

    private static int Tracks(Span<byte> table, byte startTrack, bool asTime, long blocks)
    {
        if (startTrack is > 1 and not LeadOut)
        {
            return 0;
        }

        int length = HeaderLength;
        if (startTrack <= 1)
        {
            length += Track(table[length..], track: 1, asTime, block: 0);
        }

        return length + Track(table[length..], LeadOut, asTime, blocks);
    }

    /// <summary>Where the last session begins: it is the first.</summary>
    private static int Sessions(Span<byte> table, bool asTime) => HeaderLength + Track(table[HeaderLength..], track: 1, asTime, block: 0);

    private static int Track(Span<byte> descriptor, byte track, bool asTime, long block)
    {
        const int Length = 8;
        descriptor[..Length].Clear();
        descriptor[1] = DataTrack;
        descriptor[2] = track;
        if (asTime)
        {
            WriteTime(descriptor[5..], block);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(descriptor[4..], (uint)block);
        }

        return Length;
    }

    /// <summary>The lead-in as it is on the disc: first track, last track, lead-out, then the track. Always times.</summary>
    private static int Full(Span<byte> table, long blocks)
    {
        ReadOnlySpan<byte> points = [0xA0, 0xA1, 0xA2, 1];
        const int Length = 11;
        int end = HeaderLength;
        foreach (byte point in points)
        {
            Span<byte> descriptor = table.Slice(end, Length);
            descriptor.Clear();
            descriptor[0] = 1; // session
            descriptor[1] = DataTrack;
            descriptor[3] = point;
            switch (point)
            {
                case 0xA0 or 0xA1:
                    descriptor[8] = 1; // a track number in the place of minutes
                    break;
                case 0xA2:
                    WriteTime(descriptor[8..], blocks);
                    break;
                default:
                    WriteTime(descriptor[8..], block: 0);
                    break;
            }

            end += Length;
        }

        return end;
    }

    private static void WriteTime(Span<byte> destination, long block)
    {
        const int SecondsPerMinute = 60;
        long frames = block + PregapFrames;
        long seconds = frames / FramesPerSecond;
        destination[0] = (byte)Math.Min(seconds / SecondsPerMinute, byte.MaxValue); // a DVD has no time; it shows the largest
        destination[1] = (byte)(seconds % SecondsPerMinute);
        destination[2] = (byte)(frames % FramesPerSecond);
    }
}
