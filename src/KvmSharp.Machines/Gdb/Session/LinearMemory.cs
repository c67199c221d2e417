namespace KvmSharp.Machines.Gdb;

/// <summary>Guest memory as a processor addresses it: through the page tables as they are now, without a mark in them.</summary>
/// <remarks>Devices are left out, for a look at a register may change it. A write reaches pages that the guest may only read, and ROM.</remarks>
/// <param name="memory">The guest's memory.</param>
internal sealed class LinearMemory(IGuestMemory memory)
{
    private const ulong PageMask = 0xFFF;

    /// <summary>Reads as far as there is memory.</summary>
    /// <param name="vcpu">The processor.</param>
    /// <param name="address">The first linear address.</param>
    /// <param name="destination">Where the bytes go.</param>
    /// <returns>How many there were.</returns>
    public int Read(VirtualCpu vcpu, ulong address, Span<byte> destination)
    {
        int count = 0;
        while (count < destination.Length)
        {
            int part = PartOf(address, (ulong)count, destination.Length - count);
            if (!TryTranslate(vcpu, address + (ulong)count, out ulong physical) || !memory.TryRead(physical, destination.Slice(count, part)))
            {
                break;
            }

            count += part;
        }

        return count;
    }

    /// <summary>Writes all bytes, or none.</summary>
    /// <param name="vcpu">The processor.</param>
    /// <param name="address">The first linear address.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>Whether all of them have a place in memory.</returns>
    public bool TryWrite(VirtualCpu vcpu, ulong address, ReadOnlySpan<byte> bytes)
    {
        if (Read(vcpu, address, new byte[bytes.Length]) < bytes.Length)
        {
            return false;
        }

        for (int at = 0; at < bytes.Length;)
        {
            int part = PartOf(address, (ulong)at, bytes.Length - at);
            if (!TryTranslate(vcpu, address + (ulong)at, out ulong physical) || !memory.TryWrite(physical, bytes.Slice(at, part)))
            {
                return false; // it has moved its own page tables
            }

            at += part;
        }

        return true;
    }

    /// <summary>Brings an address into the range that the processor has: it wraps at 4 GiB outside long mode.</summary>
    /// <param name="architecture">The registers of its mode.</param>
    /// <param name="address">The address.</param>
    public static ulong Wrap(TargetArchitecture architecture, ulong address) => architecture == TargetArchitecture.Amd64 ? address : (uint)address;

    private static int PartOf(ulong address, ulong offset, int left) => (int)Math.Min((ulong)left, PageMask + 1 - ((address + offset) & PageMask));

    // With SMAP the supervisor may not read what the program may: a debugger looks with the eyes of both.
    private static bool TryTranslate(VirtualCpu vcpu, ulong address, out ulong physical)
    {
        const int UpperBits = 16; // that must all be copies of bit 47
        address = Wrap(TargetArchitecture.Of(vcpu), address);
        physical = 0;
        if ((ulong)((long)(address << UpperBits) >> UpperBits) != address)
        {
            return false;
        }

        Translation translation = vcpu.Translate(address);
        translation = translation.IsValid ? translation : vcpu.Translate(address, asUser: true);
        physical = translation.PhysicalAddress;
        return translation.IsValid;
    }
}
