using System.Buffers.Binary;
using System.Globalization;
using KvmSharp.Memory;

namespace KvmSharp.Lockstep;

/// <summary>Compares all RAM of two machines, byte for byte: quicker than hashing it, and it tells where.</summary>
internal static unsafe class MemoryComparison
{
    private const int MostPlaces = 16;

    /// <summary>Compares all memory slots and what is in them. No vCPU runs meanwhile.</summary>
    /// <param name="interpreter">One machine's memory.</param>
    /// <param name="translator">The other's.</param>
    /// <param name="differences">Receives the first places that differ, in units of 8 bytes.</param>
    public static void Compare(GuestMemory interpreter, GuestMemory translator, List<StateDifference> differences)
    {
        IReadOnlyList<MemorySlot> slots = interpreter.Slots;
        if (!slots.SequenceEqual(translator.Slots))
        {
            differences.Add(new StateDifference("memory slots", string.Join(", ", slots), string.Join(", ", translator.Slots)));
            return;
        }

        int places = 0;
        foreach (MemorySlot slot in slots)
        {
            for (ulong page = slot.GuestPhysicalAddress; page < slot.GuestPhysicalAddress + slot.Size && places < MostPlaces; page += GuestPage.Size)
            {
                ReadOnlySpan<byte> a = PageOf(interpreter, page);
                ReadOnlySpan<byte> b = PageOf(translator, page);
                if (!a.SequenceEqual(b))
                {
                    places += AddPlaces(page, a, b, MostPlaces - places, differences);
                }
            }
        }
    }

    private static ReadOnlySpan<byte> PageOf(GuestMemory memory, ulong page) => new(memory.Find(page)!.PageOf(page), GuestPage.Size);

    private static int AddPlaces(ulong page, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int most, List<StateDifference> differences)
    {
        int places = 0;
        for (int at = 0; at < GuestPage.Size && places < most; at += sizeof(ulong))
        {
            ulong left = BinaryPrimitives.ReadUInt64LittleEndian(a[at..]);
            ulong right = BinaryPrimitives.ReadUInt64LittleEndian(b[at..]);
            if (left != right)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"[{page + (ulong)at:X}h]");
                differences.Add(new StateDifference(name, Bytes(a.Slice(at, sizeof(ulong))), Bytes(b.Slice(at, sizeof(ulong)))));
                places++;
            }
        }

        return places;
    }

    // In the order of their addresses.
    private static string Bytes(ReadOnlySpan<byte> bytes)
    {
        string text = string.Empty;
        foreach (byte value in bytes)
        {
            text += (text.Length == 0 ? string.Empty : " ") + value.ToString("X2", CultureInfo.InvariantCulture);
        }

        return text;
    }
}
