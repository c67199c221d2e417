namespace KvmSharp.Machines;

/// <summary>INT 1Ah, function B1h: finds PCI functions and reads and writes their configuration space, through configuration mechanism 1.</summary>
/// <remarks>There is one bus. Source: PCI BIOS Specification 2.1, "PCI BIOS Services". The 32-bit entry (BIOS32) is not offered.</remarks>
internal sealed class PciServices(FirmwareBus bus, bool hasPci)
{
    /// <summary>AH of all functions.</summary>
    public const byte Function = 0xB1;

    private const ushort DataPort = PcLayout.PciConfiguration + 4;
    private const uint Signature = 0x2049_4350; // 'PCI '
    private const int FunctionCount = 256;      // 32 devices of 8 functions
    private const int ConfigurationBytes = 256;
    private const ushort Nobody = 0xFFFF;
    private const int IdRegister = 0x00;
    private const int ClassRegister = 0x08;

    private const byte Done = 0x00;             // return codes
    private const byte NotSupported = 0x81;
    private const byte BadVendor = 0x83;
    private const byte NotFound = 0x86;
    private const byte BadRegister = 0x87;

    public void Serve(CpuFrame frame)
    {
        byte status = !hasPci ? NotSupported : frame.Al switch
        {
            0x01 => AnswerPresence(frame),
            0x02 => FindDevice(frame),
            0x03 => FindClass(frame),
            >= 0x08 and <= 0x0D => Access(frame),
            _ => NotSupported,
        };
        frame.Ah = status;
        frame.Carry = status != Done;
    }

    private static byte AnswerPresence(CpuFrame frame)
    {
        const byte Mechanism1 = 0x01;
        frame.Edx = Signature;
        frame.Al = Mechanism1;
        frame.Bx = 0x0210; // version 2.1
        frame.Cl = 0;      // the last bus
        return Done;
    }

    // CX device, DX vendor, SI the index among equal ones.
    private byte FindDevice(CpuFrame frame) =>
        frame.Dx == Nobody ? BadVendor : Find(frame, IdRegister, ((uint)frame.Cx << 16) | frame.Dx, shift: 0);

    private byte FindClass(CpuFrame frame) => Find(frame, ClassRegister, frame.Ecx & 0x00FF_FFFF, shift: 8);

    private byte Find(CpuFrame frame, int register, uint wanted, int shift)
    {
        int index = frame.Si;
        for (int function = 0; function < FunctionCount; function++)
        {
            if ((ushort)Read(function, IdRegister, sizeof(uint)) != Nobody && Read(function, register, sizeof(uint)) >> shift == wanted && index-- == 0)
            {
                frame.Bx = (ushort)function;
                return Done;
            }
        }

        return NotFound;
    }

    // AL 08h, 09h, 0Ah read a byte, word, doubleword into ECX; 0Bh, 0Ch, 0Dh write. BX is bus and function, DI the register.
    private byte Access(CpuFrame frame)
    {
        int width = 1 << ((frame.Al - 0x08) % 3);
        if (frame.Di >= ConfigurationBytes || frame.Di % width != 0)
        {
            return BadRegister;
        }

        bool isRead = frame.Al < 0x0B;
        if (!isRead)
        {
            Select(frame.Bx, frame.Di);
            bus.Out((ushort)(DataPort + (frame.Di & 3)), width, frame.Ecx);
            return Done;
        }

        uint value = Read(frame.Bx, frame.Di, width);
        switch (width)
        {
            case sizeof(byte):
                frame.Cl = (byte)value;
                break;
            case sizeof(ushort):
                frame.Cx = (ushort)value;
                break;
            default:
                frame.Ecx = value;
                break;
        }

        return Done;
    }

    private uint Read(int function, int register, int width)
    {
        Select(function, register);
        return bus.In((ushort)(DataPort + (register & 3)), width);
    }

    private void Select(int function, int register)
    {
        const uint Enable = 0x8000_0000;
        bus.Out(PcLayout.PciConfiguration, sizeof(uint), Enable | ((uint)function << 8) | (uint)(register & 0xFC));
    }
}
