using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

/// <summary>The registers of a call into the firmware, before and after it.</summary>
internal sealed record CallRegisters
{
    public uint Eax { get; init; }

    public uint Ebx { get; init; }

    public uint Ecx { get; init; }

    public uint Edx { get; init; }

    public uint Esi { get; init; }

    public uint Edi { get; init; }

    public uint Ebp { get; init; }

    public ushort Ds { get; init; }

    public ushort Es { get; init; }

    public ushort Flags { get; init; } = 0x0202;

    /// <summary>CS:IP that the service returns to, segment high.</summary>
    public uint ReturnTo { get; init; }

    public bool Waits { get; init; }

    public byte Al => (byte)Eax;

    public byte Ah => (byte)(Eax >> 8);

    public ushort Ax => (ushort)Eax;

    public ushort Bx => (ushort)Ebx;

    public ushort Cx => (ushort)Ecx;

    public ushort Dx => (ushort)Edx;

    public bool Carry => (Flags & 1) != 0;

    public bool Zero => (Flags & 0x40) != 0;

    /// <summary>As the ROM pushes them; written out again here, so that the layout in its comment is tested.</summary>
    public byte[] ToFrame(byte service)
    {
        var frame = new byte[44];
        uint[] pushed = [Edi, Esi, Ebp, 0, Ebx, Edx, Ecx, Eax];
        for (int i = 0; i < pushed.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4 * i), pushed[i]);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(32), Es);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(34), Ds);
        frame[36] = service;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(38), ReturnTo);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(42), Flags);
        return frame;
    }

    public static CallRegisters FromFrame(ReadOnlySpan<byte> frame) => new()
    {
        Edi = BinaryPrimitives.ReadUInt32LittleEndian(frame),
        Esi = BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]),
        Ebp = BinaryPrimitives.ReadUInt32LittleEndian(frame[8..]),
        Ebx = BinaryPrimitives.ReadUInt32LittleEndian(frame[16..]),
        Edx = BinaryPrimitives.ReadUInt32LittleEndian(frame[20..]),
        Ecx = BinaryPrimitives.ReadUInt32LittleEndian(frame[24..]),
        Eax = BinaryPrimitives.ReadUInt32LittleEndian(frame[28..]),
        Es = BinaryPrimitives.ReadUInt16LittleEndian(frame[32..]),
        Ds = BinaryPrimitives.ReadUInt16LittleEndian(frame[34..]),
        Waits = frame[37] != 0,
        ReturnTo = BinaryPrimitives.ReadUInt32LittleEndian(frame[38..]),
        Flags = BinaryPrimitives.ReadUInt16LittleEndian(frame[42..]),
    };
}
