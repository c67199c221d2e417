namespace KvmSharp.Machines;

/// <summary>Puts the tables that firmware would leave into the memory below 1 MiB, for a kernel that is booted without firmware.</summary>
/// <remarks>
/// <code>
/// E0000  ACPI tables
/// F0000  ACPI root pointer (RSDP)
/// F0040  MP floating pointer and table, when there are APICs
/// </code>
/// </remarks>
public static class FirmwareTables
{
    private const uint Tables = (uint)PcLayout.Firmware;
    private const uint Rsdp = 0xF_0000;
    private const uint MultiProcessor = 0xF_0040;

    /// <summary>Writes them.</summary>
    /// <param name="memory">Guest memory, with RAM at <see cref="PcLayout.Firmware"/>.</param>
    /// <param name="board">The board.</param>
    /// <returns>The board, with the root pointer's address in it.</returns>
    /// <exception cref="InvalidOperationException">There is no RAM at <see cref="PcLayout.Firmware"/>.</exception>
    public static BoardDescription Write(IGuestMemory memory, BoardDescription board)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(board);
        bool written = AcpiTables.Of(board).Place(memory, Rsdp, Tables)
            && (!board.HasApic || memory.TryWrite(MultiProcessor, MpTable.Encode(board, MultiProcessor)));
        return written ? board with { RsdpAddress = Rsdp }
            : throw new InvalidOperationException("The board has no RAM below 1 MiB for ACPI tables.");
    }
}
