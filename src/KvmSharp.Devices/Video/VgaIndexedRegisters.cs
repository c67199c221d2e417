namespace KvmSharp.Devices;

/// <summary>An index register with the registers behind it: what the sequencer, both controllers and the attribute controller are to a program.</summary>
/// <param name="writable">The bits of each register that can be written; those that are missing read as zero.</param>
internal sealed class VgaIndexedRegisters(byte[] writable)
{
    private VgaIndexedState _s;

    public VgaIndexedState State
    {
        get => _s;
        set => _s = value;
    }

    public byte Index
    {
        get => _s.Index;
        set => _s.Index = value;
    }

    /// <summary>Reads the register at the index.</summary>
    public byte Data => this[_s.Index];

    public byte this[int register] => register < VgaRegisterBytes.Length ? _s[register] : (byte)0;

    /// <summary>Writes some bits of a register; bits that cannot be written keep zero.</summary>
    public void Write(int register, byte value, byte bits = 0xFF)
    {
        if (register < writable.Length)
        {
            int mask = writable[register] & bits;
            _s.Set(register, (byte)((_s[register] & ~mask) | (value & mask)));
        }
    }
}
