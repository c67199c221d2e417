namespace KvmSharp.Machines;

/// <summary>INT 17h: there is no printer.</summary>
internal static class PrinterServices
{
    private const byte TimedOut = 0x01;

    public static void Serve(CpuFrame frame) => frame.Ah = TimedOut;
}
