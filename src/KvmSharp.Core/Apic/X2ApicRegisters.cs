namespace KvmSharp.Apic;

/// <summary>The registers of x2APIC mode: MSRs 800h to 83Fh. Intel SDM Vol. 3A, "x2APIC Register Address Space".</summary>
internal static class X2ApicRegisters
{
    public const uint First = 0x800;
    public const uint Last = 0x83F;

    /// <summary>Tells whether a number is in the range.</summary>
    /// <param name="index">The MSR's number.</param>
    /// <returns>Whether it is.</returns>
    public static bool Contains(uint index) => index is >= First and <= Last;

    /// <summary>Reads a register.</summary>
    /// <param name="apic">The APIC; <see langword="null"/> when there is none.</param>
    /// <param name="index">The MSR's number.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Whether it exists in this mode and may be read.</returns>
    public static bool TryRead(LocalApic? apic, uint index, out ulong value)
    {
        value = 0;
        var register = (ApicRegister)(index - First);
        if (apic is not { Base.IsX2Apic: true } || !IsReadable(register))
        {
            return false;
        }

        value = register == ApicRegister.InterruptCommand
            ? ((ulong)apic.Peek(ApicRegister.InterruptCommandHigh) << 32) | apic.Peek(register)
            : apic.Registers.Read(register);
        return true;
    }

    /// <summary>Writes a register.</summary>
    /// <param name="apic">The APIC; <see langword="null"/> when there is none.</param>
    /// <param name="index">The MSR's number.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it exists in this mode and takes the value.</returns>
    public static bool TryWrite(LocalApic? apic, uint index, ulong value)
    {
        var register = (ApicRegister)(index - First);
        if (apic is not { Base.IsX2Apic: true } || (value & ~WritableBits(register)) != 0 || WritableBits(register) == NotWritable)
        {
            return false;
        }

        switch (register)
        {
            case ApicRegister.InterruptCommand:
                apic.Poke(register, (uint)value);
                apic.Poke(ApicRegister.InterruptCommandHigh, (uint)(value >> 32));
                apic.Registers.Command((uint)value, (uint)(value >> 32));
                break;
            case ApicRegister.SelfIpi:
                apic.Registers.Command((uint)value | (1 << 18), 0);
                break;
            default:
                apic.Registers.Write(register, (uint)value);
                break;
        }

        return true;
    }

    private const ulong NotWritable = ulong.MaxValue;

    private static bool IsReadable(ApicRegister register) => register is ApicRegister.Id or ApicRegister.Version
        or ApicRegister.TaskPriority or ApicRegister.ProcessorPriority or ApicRegister.LogicalDestination
        or (>= ApicRegister.SpuriousVector and <= ApicRegister.ErrorStatus)
        or ApicRegister.InterruptCommand
        or (>= ApicRegister.LvtTimer and <= ApicRegister.CurrentCount)
        or ApicRegister.DivideConfiguration;

    // A reserved bit raises #GP, unlike in the page. EOI and the error status take 0 only.
    private static ulong WritableBits(ApicRegister register) => register switch
    {
        ApicRegister.TaskPriority or ApicRegister.SelfIpi => 0xFF,
        ApicRegister.EndOfInterrupt or ApicRegister.ErrorStatus => 0,
        ApicRegister.SpuriousVector => 0x3FF,
        ApicRegister.InterruptCommand => 0xFFFF_FFFF_000C_CFFF,
        >= ApicRegister.LvtTimer and <= ApicRegister.LvtError => LvtEntry.WritableBits(register),
        ApicRegister.InitialCount => uint.MaxValue,
        ApicRegister.DivideConfiguration => 0xB,
        _ => NotWritable,
    };
}
