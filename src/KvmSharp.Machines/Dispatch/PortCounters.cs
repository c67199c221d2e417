using System.Runtime.CompilerServices;

namespace KvmSharp.Machines;

/// <summary>Counts port exits by port. A string instruction is one exit, however many items it moves.</summary>
/// <remarks>Written under the device lock; read it when the machine stands still.</remarks>
public sealed class PortCounters
{
    private const int PortsPerPage = 256;

    private readonly long[]?[] _pages = new long[]?[256];

    /// <summary>Gets the ports that the guest accessed, with the number of exits for each, lowest port first.</summary>
    /// <returns>One pair for each port.</returns>
    public IEnumerable<KeyValuePair<ushort, long>> ByPort() =>
        from page in Enumerable.Range(0, _pages.Length)
        where _pages[page] is not null
        from port in Enumerable.Range(0, PortsPerPage)
        where _pages[page]![port] != 0
        select KeyValuePair.Create((ushort)((page * PortsPerPage) + port), _pages[page]![port]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(ushort port) => (_pages[port / PortsPerPage] ?? NewPage(port))[port % PortsPerPage]++;

    private long[] NewPage(ushort port) => _pages[port / PortsPerPage] = new long[PortsPerPage];
}
