using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

/// <summary>Builds flat files with a multiboot header that carries addresses (the a.out kludge).</summary>
internal sealed class MultibootBuilder
{
    public const uint LoadAddress = 0x10_0000;
    public const int HeaderOffset = 16;
    public const int FileBytes = 64;

    public uint Flags { get; init; } = 1 << 16;

    public uint HeaderAddress { get; init; } = LoadAddress + HeaderOffset;

    public uint Load { get; init; } = LoadAddress;

    public uint LoadEnd { get; init; }

    public uint BssEnd { get; init; }

    public uint Entry { get; init; } = LoadAddress + 48;

    public byte[] Build()
    {
        const uint Magic = 0x1BADB002;
        var file = new byte[FileBytes];
        file.AsSpan().Fill(0x90);
        uint[] header = [Magic, Flags, unchecked(0 - Magic - Flags), HeaderAddress, Load, LoadEnd, BssEnd, Entry];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(HeaderOffset + (4 * i)), header[i]);
        }

        return file;
    }
}
