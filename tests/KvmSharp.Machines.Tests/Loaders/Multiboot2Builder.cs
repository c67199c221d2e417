namespace KvmSharp.Machines.Tests;

/// <summary>Builds flat files with a multiboot 2 header at their start and code of 90h behind it.</summary>
internal static class Multiboot2Builder
{
    public const uint LoadAddress = 0x10_0000;

    private const uint Magic = 0xE852_50D6;
    private const int CodeBytes = 64;

    /// <summary>The tags that place the file at 1 MiB and enter it at its last 64 bytes' first.</summary>
    public static byte[][] Placed => [Tag(2, 0, LoadAddress, LoadAddress, 0, 0), Tag(3, 0, LoadAddress + 0x40)];

    /// <summary>One tag, filled up to eight bytes.</summary>
    public static byte[] Tag(ushort type, ushort flags, params uint[] fields)
    {
        int size = 8 + (4 * fields.Length);
        return [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(flags), .. BitConverter.GetBytes(size), .. fields.SelectMany(BitConverter.GetBytes), .. new byte[-size & 7]];
    }

    public static byte[] Header(uint architecture, params byte[][] tags)
    {
        byte[] body = [.. tags.SelectMany(t => t), .. Tag(0, 0)];
        uint length = (uint)(16 + body.Length);
        return
        [
            .. BitConverter.GetBytes(Magic), .. BitConverter.GetBytes(architecture), .. BitConverter.GetBytes(length),
            .. BitConverter.GetBytes(unchecked(0 - Magic - architecture - length)), .. body,
        ];
    }

    /// <summary>A file with the tags that place it and the given ones.</summary>
    public static byte[] File(params byte[][] tags) => [.. Header(0, [.. Placed, .. tags]), .. Enumerable.Repeat((byte)0x90, CodeBytes)];
}
