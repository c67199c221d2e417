namespace KvmSharp.Cli;

/// <summary>Error codes in words. Intel SDM Vol. 3A, "Error Code" and "Interrupt 14: Page-Fault Exception".</summary>
internal static class ErrorCodes
{
    private const uint Write = 2;
    private const uint User = 4;
    private const uint Reserved = 8;
    private const uint Fetch = 16;

    public static string OfPageFault(uint error)
    {
        string cause = (error & Reserved) != 0 ? "a reserved bit is set in an entry (RSVD = 1)"
            : (error & 1) != 0 ? "the page is there but the right is not (P = 1)"
            : "the page is not present (P = 0)";
        string access = (error & Fetch) != 0 ? "an instruction fetch (I/D = 1)" : (error & Write) != 0 ? "a write (W/R = 1)" : "a read (W/R = 0)";
        return $"{error:X}h: {access} by {((error & User) != 0 ? "CPL 3 (U/S = 1)" : "the supervisor (U/S = 0)")}; {cause}.";
    }

    public static string OfSelector(uint error)
    {
        string table = (error & 2) != 0 ? "the IDT (IDT = 1)" : (error & 4) != 0 ? "the LDT (TI = 1)" : "the GDT (TI = 0)";
        string external = (error & 1) != 0 ? " EXT = 1: it was met while another event was being delivered." : string.Empty;
        return $"{error:X}h: entry {error >> 3} of {table}.{external}";
    }
}
