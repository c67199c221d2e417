namespace KvmSharp.Machines;

/// <summary>The ring of keys at 40:1E, which programs also look into themselves: head and tail are offsets in segment 40h.</summary>
internal sealed class KeyRing(FirmwareBus bus)
{
    private const uint Segment40 = BiosData.Start;
    private const byte LastPlainScanCode = 0x84;
    private const byte EnterOrSlash = 0xE0; // in the place of the scan code: the keypad's

    private uint First => Bounded(BiosData.KeyBufferFirst, BiosData.KeyBuffer);

    private uint Last => Bounded(BiosData.KeyBufferLast, BiosData.KeyBufferEnd);

    // A guest may move the ring, but only within segment 40h.
    private uint Bounded(uint word, uint standard)
    {
        uint address = Segment40 + bus.ReadWord(word);
        return address == Segment40 ? standard : address;
    }

    private uint After(uint place) => place + 2 >= Last || place < First ? First : place + 2;

    /// <summary>Puts a key in.</summary>
    /// <returns>False when the ring is full: IBM's firmware beeps then.</returns>
    public bool Store(ushort key)
    {
        uint tail = Segment40 + bus.ReadWord(BiosData.KeyTail);
        uint next = After(tail);
        if (next == Segment40 + bus.ReadWord(BiosData.KeyHead))
        {
            return false;
        }

        bus.WriteWord(tail, key);
        bus.WriteWord(BiosData.KeyTail, (ushort)(next - Segment40));
        return true;
    }

    /// <summary>Looks at the next key.</summary>
    /// <param name="enhanced">Whether the caller knows the 101-key keyboard; for others newer keys become old ones, or are thrown away.</param>
    /// <param name="key">The key.</param>
    /// <returns>False when there is none.</returns>
    public bool TryPeek(bool enhanced, out ushort key)
    {
        for (int looked = 0; looked < BiosData.Size; looked++)
        {
            ushort head = bus.ReadWord(BiosData.KeyHead);
            key = bus.ReadWord(Segment40 + head);
            if (head == bus.ReadWord(BiosData.KeyTail))
            {
                return false;
            }

            if (TryTranslate(enhanced, ref key))
            {
                return true;
            }

            Remove();
        }

        key = 0;
        return false;
    }

    private static bool TryTranslate(bool enhanced, ref ushort key)
    {
        byte character = (byte)key;
        byte scanCode = (byte)(key >> 8);
        if (character == 0xF0 && scanCode != 0)
        {
            key = (ushort)(scanCode << 8); // keypad 5, which the old keyboard did not have
            return enhanced;
        }

        if (enhanced)
        {
            return true;
        }

        if (scanCode == EnterOrSlash)
        {
            key = (ushort)((character == (byte)'/' ? 0x3500 : 0x1C00) | character); // the keypad's slash and Enter
        }
        else if (character == KeyTable.EnhancedMark && scanCode != 0)
        {
            key = (ushort)(scanCode << 8);
        }

        return scanCode <= LastPlainScanCode || scanCode == EnterOrSlash;
    }

    /// <summary>Takes the next key out.</summary>
    public void Remove() =>
        bus.WriteWord(BiosData.KeyHead, (ushort)(After(Segment40 + bus.ReadWord(BiosData.KeyHead)) - Segment40));
}
