using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>What the drive and its medium can do. MMC-3, "GET CONFIGURATION" and "Features".</summary>
internal static class CdFeatures
{
    private const int HeaderLength = 8;
    private const ushort CdRom = 0x0008; // profiles
    private const ushort DvdRom = 0x0010;
    private const long LargestCd = 80 * 60 * 75; // blocks in 80 minutes; what is larger counts as a DVD
    private const byte Persistent = 0x02; // descriptor byte 2
    private const byte Current = 0x01;

    /// <summary>Writes the feature descriptors that the packet asks for.</summary>
    /// <returns>The length; 0 when the packet asks in a reserved way.</returns>
    public static int Write(ReadOnlySpan<byte> packet, Span<byte> data, long blocks)
    {
        const int OnlyCurrent = 1;
        const int OnlyOne = 2;
        int request = packet[1] & 3;
        int first = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (request > OnlyOne)
        {
            return 0;
        }

        ushort profile = blocks == 0 ? (ushort)0 : blocks > LargestCd ? DvdRom : CdRom;
        int length = HeaderLength;
        Span<byte> scratch = stackalloc byte[16];
        foreach (ushort feature in (ReadOnlySpan<ushort>)[0x0000, 0x0001, 0x0003, 0x0010, 0x001E, 0x001F])
        {
            int size = Describe(feature, profile, scratch);
            bool isCurrent = (scratch[2] & Current) != 0;
            if (request == OnlyOne ? feature == first : feature >= first && (request != OnlyCurrent || isCurrent))
            {
                scratch[..size].CopyTo(data[length..]);
                length += size;
            }
        }

        data[..HeaderLength].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(data, (uint)(length - sizeof(uint)));
        BinaryPrimitives.WriteUInt16BigEndian(data[6..], profile);
        return length;
    }

    private static int Describe(ushort feature, ushort profile, Span<byte> descriptor)
    {
        descriptor.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(descriptor, feature);
        const byte Version1 = 1 << 2;
        Span<byte> data = descriptor[4..];
        switch (feature)
        {
            case 0x0000: // profile list
                descriptor[2] = Persistent | Current;
                descriptor[3] = 8;
                BinaryPrimitives.WriteUInt16BigEndian(data, DvdRom);
                data[2] = profile == DvdRom ? Current : (byte)0;
                BinaryPrimitives.WriteUInt16BigEndian(data[4..], CdRom);
                data[6] = profile == CdRom ? Current : (byte)0;
                break;
            case 0x0001: // core: the interface is ATAPI
                descriptor[2] = Version1 | Persistent | Current;
                descriptor[3] = 4;
                data[3] = 2;
                break;
            case 0x0003: // removable medium: a tray that ejects and locks
                descriptor[2] = Persistent | Current;
                descriptor[3] = 4;
                data[0] = 0x29;
                break;
            case 0x0010: // random readable: one block of 2,048 bytes at a time
                descriptor[2] = profile == 0 ? (byte)0 : Current;
                descriptor[3] = 8;
                BinaryPrimitives.WriteUInt32BigEndian(data, CdUnit.BlockBytes);
                data[5] = 1;
                break;
            case 0x001E: // CD read
                descriptor[2] = (byte)(Version1 | (profile == CdRom ? Current : 0));
                descriptor[3] = 4;
                break;
            default: // DVD read
                descriptor[2] = profile == DvdRom ? Current : (byte)0;
                break;
        }

        return 4 + descriptor[3];
    }
}
