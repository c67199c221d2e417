namespace KvmSharp.Cli;

/// <summary>Guest memory by linear address, as a vCPU's page tables map it, with supervisor rights.</summary>
internal static class LinearMemory
{
    private const ulong PageMask = 0xFFF;

    /// <summary>Reads bytes, page by page; nothing is marked as accessed.</summary>
    /// <returns>Whether all could be read.</returns>
    public static bool TryRead(VirtualCpu vcpu, IGuestMemory memory, ulong linear, Span<byte> destination) =>
        Read(vcpu, memory, linear, destination) == destination.Length;

    /// <summary>Reads as many bytes as there are.</summary>
    /// <returns>How many.</returns>
    public static int Read(VirtualCpu vcpu, IGuestMemory memory, ulong linear, Span<byte> destination)
    {
        int count = 0;
        while (count < destination.Length)
        {
            ulong address = linear + (ulong)count;
            int part = (int)Math.Min((ulong)(destination.Length - count), PageMask + 1 - (address & PageMask));
            Translation translation = vcpu.Translate(address);
            if (!translation.IsValid || !memory.TryRead(translation.PhysicalAddress, destination.Slice(count, part)))
            {
                break;
            }

            count += part;
        }

        return count;
    }
}
