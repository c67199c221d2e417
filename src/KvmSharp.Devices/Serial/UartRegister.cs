namespace KvmSharp.Devices;

/// <summary>The registers of a 16550 by offset; offsets 0 and 1 are the divisor latch while DLAB is set.</summary>
internal enum UartRegister
{
    Data = 0, // RBR, THR, DLL
    InterruptEnable = 1, // IER, DLM
    InterruptIdentification = 2, // IIR; FCR when written
    LineControl = 3,
    ModemControl = 4,
    LineStatus = 5,
    ModemStatus = 6,
    Scratch = 7,
}

/// <summary>IIR's low four bits: the pending interrupt of the highest priority. Bit 0 clear means that there is one.</summary>
internal enum UartInterrupt : byte
{
    None = 0x01,
    LineStatus = 0x06,
    ReceivedData = 0x04,
    CharacterTimeout = 0x0C,
    TransmitterEmpty = 0x02,
    ModemStatus = 0x00,
}
