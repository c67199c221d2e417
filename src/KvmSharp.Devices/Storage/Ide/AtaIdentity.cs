using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>The 256 words in which drives say who they are. ATA/ATAPI-6 (T13 1410D), "IDENTIFY DEVICE" and "IDENTIFY PACKET DEVICE".</summary>
internal static class AtaIdentity
{
    private const string Firmware = "0.1";
    private const ushort LbaAndDma = 0x0B00;          // word 49: LBA, DMA and IORDY supported
    private const ushort AtaVersions = 0x007E;        // word 80: ATA-1 to ATA/ATAPI-6
    private const ushort Valid = 0x4000;              // bits 15 and 14 of some words say that they mean something
    private const ushort NopAndPower = 0x4008;        // word 82: NOP, power management
    private const ushort LookAheadAndWriteCache = 0x0060;
    private const ushort WriteCacheOnly = 0x0020;
    private const ushort PacketAndDeviceReset = 0x0210;
    private const ushort FlushesAnd48Bits = 0x3400;   // word 83: FLUSH CACHE, FLUSH CACHE EXT, 48-bit addresses
    private const ushort CycleTime = 120;             // words 65 to 68: nanoseconds
    private const int Signature = 0xA5;

    public static void Write(Span<byte> words, AtaDrive drive, long sectors, in AtaSettings settings)
    {
        AtaGeometry standard = AtaGeometry.Default(sectors);
        AtaGeometry current = settings.Translation;
        words[..IDisk.SectorBytes].Clear();
        Set(words, 0, 0x0040); // an ATA drive, fixed
        Set(words, 1, standard.Cylinders);
        Set(words, 3, standard.Heads);
        Set(words, 6, standard.SectorsPerTrack);
        WriteNames(words, drive.Serial, "KvmSharp disk");
        Set(words, 47, 0x8000 | IdeBuffer.Sectors); // READ and WRITE MULTIPLE: the most sectors in a block
        Set(words, 53, 0x0007); // words 54 to 58, 64 to 70 and 88 mean something
        Set(words, 54, current.Cylinders);
        Set(words, 55, current.Heads);
        Set(words, 56, current.SectorsPerTrack);
        Set32(words, 57, current.SectorCount);
        Set(words, 59, (ushort)(settings.MultipleCount == 0 ? 0 : 0x0100 | settings.MultipleCount));
        Set32(words, 60, (uint)Math.Min(sectors, AtaAddress.Last28));
        WriteCommon(words, settings.DmaMode);
        Set(words, 82, NopAndPower | LookAheadAndWriteCache);
        Set(words, 83, Valid | FlushesAnd48Bits);
        Set(words, 85, (ushort)(NopAndPower | (LookAheadAndWriteCache ^ (settings.WriteCache ? 0 : WriteCacheOnly))));
        Set(words, 86, FlushesAnd48Bits);
        BinaryPrimitives.WriteInt64LittleEndian(words[(2 * 100)..], sectors);
        WriteIntegrity(words);
    }

    public static void Write(Span<byte> words, AtapiDrive drive, in AtaSettings settings)
    {
        words[..IDisk.SectorBytes].Clear();
        Set(words, 0, 0x85C0); // a packet drive, CD-ROM, removable, DRQ within 50 microseconds, packets of 12 bytes
        WriteNames(words, drive.Serial, "KvmSharp CD-ROM");
        Set(words, 53, 0x0006);
        WriteCommon(words, settings.DmaMode);
        Set(words, 82, NopAndPower | PacketAndDeviceReset);
        Set(words, 83, Valid);
        Set(words, 85, NopAndPower | PacketAndDeviceReset);
        WriteIntegrity(words);
    }

    private static void WriteNames(Span<byte> words, string serial, string model)
    {
        SetText(words, 10, 10, serial);
        SetText(words, 23, 4, Firmware);
        SetText(words, 27, 20, model);
    }

    private static void WriteCommon(Span<byte> words, byte dmaMode)
    {
        bool isUltra = (dmaMode & 0x40) != 0;
        int selected = 0x100 << (dmaMode & 7);
        Set(words, 49, LbaAndDma);
        Set(words, 50, Valid);
        Set(words, 63, (ushort)(0x0007 | (isUltra ? 0 : selected))); // multiword DMA modes 0 to 2
        Set(words, 64, 0x0003); // PIO modes 3 and 4
        for (int word = 65; word <= 68; word++)
        {
            Set(words, word, CycleTime);
        }

        Set(words, 80, AtaVersions);
        Set(words, 84, Valid);
        Set(words, 87, Valid);
        Set(words, 88, (ushort)(0x003F | (isUltra ? selected : 0))); // ultra DMA modes 0 to 5
        Set(words, 93, 0x6001); // 80-conductor cable
    }

    /// <summary>The last word makes the sum of all bytes zero.</summary>
    private static void WriteIntegrity(Span<byte> words)
    {
        const int Last = IDisk.SectorBytes - 1;
        words[Last - 1] = Signature;
        int sum = 0;
        foreach (byte value in words[..Last])
        {
            sum += value;
        }

        words[Last] = (byte)-sum;
    }

    private static void Set(Span<byte> words, int word, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(words[(2 * word)..], value);

    private static void Set32(Span<byte> words, int word, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(words[(2 * word)..], value);

    /// <summary>Text has its first character in the upper byte of its first word, and spaces to its end.</summary>
    private static void SetText(Span<byte> words, int word, int length, string text)
    {
        for (int i = 0; i < 2 * length; i++)
        {
            words[(2 * word) + (i ^ 1)] = (byte)(i < text.Length ? text[i] : ' ');
        }
    }
}
