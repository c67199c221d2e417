namespace KvmSharp.Machines;

/// <summary>Turns bytes from the serial console into keys: characters, and the cursor keys' sequences ESC [ letter.</summary>
internal sealed class SerialKeys(SerialConsole console)
{
    private const int LargestBurst = 16; // bytes at one look, so that a fast sender cannot hold the machine
    private const byte Escape = 0x1B;
    private const byte AfterEscape = 1;  // how far a sequence has come
    private const byte AfterBracket = 2;

    /// <summary>Puts what was typed since the last look into the ring.</summary>
    public void TakeInput(KeyRing ring)
    {
        for (int taken = 0; taken < LargestBurst && console.TryTakeInput(out byte value); taken++)
        {
            byte state = console.KeyState;
            if (state == 0 && value == Escape)
            {
                console.KeyState = AfterEscape;
            }
            else if (state == AfterEscape && value is (byte)'[' or (byte)'O')
            {
                console.KeyState = AfterBracket;
            }
            else
            {
                console.KeyState = 0;
                if (state == AfterEscape)
                {
                    ring.Store(KeyTable.FromCharacter(Escape));
                }

                ring.Store(state == AfterBracket ? CursorKey(value) : KeyTable.FromCharacter(value == '\n' ? (byte)'\r' : value == 0x7F ? (byte)'\b' : value));
            }
        }

        // Nothing came behind it, so it was the key itself.
        if (console.KeyState == AfterEscape)
        {
            console.KeyState = 0;
            ring.Store(KeyTable.FromCharacter(Escape));
        }
    }

    private static ushort CursorKey(byte letter) => letter switch
    {
        (byte)'A' => 0x48E0,
        (byte)'B' => 0x50E0,
        (byte)'C' => 0x4DE0,
        (byte)'D' => 0x4BE0,
        (byte)'H' => 0x47E0,
        (byte)'F' => 0x4FE0,
        _ => letter,
    };
}
