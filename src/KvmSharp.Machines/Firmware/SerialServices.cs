namespace KvmSharp.Machines;

/// <summary>INT 14h: the first serial port, through its registers. Ports 1 to 3 are not there.</summary>
/// <remarks>A receive waits as long as IBM's: the processor halts between looks, until about a second of clock ticks has passed.</remarks>
internal sealed class SerialServices(FirmwareBus bus)
{
    private const ushort InterruptEnable = PcLayout.Com1 + 1;
    private const ushort LineControl = PcLayout.Com1 + 3;
    private const ushort ModemControl = PcLayout.Com1 + 4;
    private const ushort LineStatus = PcLayout.Com1 + 5;
    private const ushort ModemStatus = PcLayout.Com1 + 6;

    private const byte DivisorLatch = 0x80;
    private const byte DataReady = 0x01;
    private const byte TransmitterEmpty = 0x20;
    private const byte TerminalAndRequest = 0x03; // DTR and RTS
    private const byte TimedOut = 0x80;
    private const uint Waiting = 0x40;            // in the byte of timeouts that counts, see Receive
    private const byte WaitTicks = 18;

    // 110, 150, 300, 600, 1200, 2400, 4800 and 9600 baud from 115,200
    private static readonly ushort[] Divisors = [1047, 768, 384, 192, 96, 48, 24, 12];

    public void Serve(CpuFrame frame)
    {
        if (frame.Dx != 0)
        {
            frame.Ah = TimedOut;
            return;
        }

        switch (frame.Ah)
        {
            case 0x00:
                SetUp(Divisors[frame.Al >> 5], (byte)(frame.Al & 0x1F));
                ReportStatus(frame);
                break;
            case 0x01:
                Send(frame);
                break;
            case 0x02:
                Receive(frame);
                break;
            case 0x03:
                ReportStatus(frame);
                break;
            default:
                frame.Ah = TimedOut;
                break;
        }
    }

    private void SetUp(ushort divisor, byte lineControl)
    {
        bus.Out(LineControl, DivisorLatch);
        bus.Out(PcLayout.Com1, (byte)divisor);
        bus.Out(InterruptEnable, (byte)(divisor >> 8));
        bus.Out(LineControl, lineControl);
        bus.Out(InterruptEnable, 0);
        bus.Out(ModemControl, TerminalAndRequest);
    }

    private void Send(CpuFrame frame)
    {
        byte status = bus.In(LineStatus);
        if ((status & TransmitterEmpty) == 0)
        {
            frame.Ah = (byte)(status | TimedOut);
            return;
        }

        bus.Out(PcLayout.Com1, frame.Al);
        frame.Ah = (byte)(bus.In(LineStatus) & ~TimedOut);
    }

    // The timeout byte of the port, which holds a count of seconds at rest, counts ticks while a caller waits.
    private void Receive(CpuFrame frame)
    {
        byte status = bus.In(LineStatus);
        uint ticks = bus.ReadDword(BiosData.Ticks) & 0x3F;
        byte waiting = bus.ReadByte(BiosData.SerialTimeouts);
        if ((status & DataReady) != 0)
        {
            frame.Al = bus.In(PcLayout.Com1);
            frame.Ah = (byte)(status & 0x1E); // overrun, parity, framing, break
            EndWait();
        }
        else if (waiting < Waiting)
        {
            bus.WriteByte(BiosData.SerialTimeouts, (byte)(Waiting | ticks));
            frame.Wait = true;
        }
        else if (((ticks - waiting) & 0x3F) < WaitTicks)
        {
            frame.Wait = true;
        }
        else
        {
            frame.Ah = (byte)(status | TimedOut);
            EndWait();
        }
    }

    private void EndWait() => bus.WriteByte(BiosData.SerialTimeouts, 1);

    private void ReportStatus(CpuFrame frame)
    {
        frame.Ah = bus.In(LineStatus);
        frame.Al = bus.In(ModemStatus);
    }
}
