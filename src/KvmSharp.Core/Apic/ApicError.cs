namespace KvmSharp.Apic;

/// <summary>Bits of the error status register. Intel SDM Vol. 3A, "Error Handling".</summary>
[Flags]
internal enum ApicError
{
    None = 0,

    /// <summary>Software sent a vector below 16.</summary>
    SendIllegalVector = 1 << 5,

    /// <summary>A vector below 16 came, from outside or from the local vector table.</summary>
    ReceiveIllegalVector = 1 << 6,

    /// <summary>Software touched a register that is not there.</summary>
    IllegalRegisterAddress = 1 << 7,
}
