namespace KvmSharp;

/// <summary>Where a vCPU stands, and the bytes of code there.</summary>
/// <param name="VcpuId">The vCPU.</param>
/// <param name="CodeSegment">CS.</param>
/// <param name="InstructionPointer">RIP: the distance in bytes from the start of the code segment.</param>
/// <param name="CodeBits">How the bytes are decoded: 16, 32 or 64.</param>
/// <param name="Bytes">The bytes from there on, as far as they can be read; at most 15, which the longest instruction has.</param>
public readonly record struct CodePlace(int VcpuId, ushort CodeSegment, ulong InstructionPointer, int CodeBits, ReadOnlyMemory<byte> Bytes)
{
    private const int LongestInstruction = 15;
    private const ulong PageMask = 0xFFF;
    private const ulong LongModeActive = 0x400;

    /// <summary>Finds where a vCPU stands.</summary>
    /// <param name="vcpu">The vCPU, which does not run or is run by the calling thread; inside an exit handler the place is that of the instruction under way.</param>
    /// <param name="memory">Its machine's memory.</param>
    /// <returns>The place.</returns>
    public static CodePlace Of(VirtualCpu vcpu, IGuestMemory memory)
    {
        ArgumentNullException.ThrowIfNull(vcpu);
        ArgumentNullException.ThrowIfNull(memory);
        SpecialRegisters special = vcpu.GetSpecialRegisters();
        ulong rip = vcpu.Position.Rip;
        int bits = special.Cs.LongMode && (special.Efer & LongModeActive) != 0 ? 64 : special.Cs.DefaultBig ? 32 : 16;
        ulong linear = bits == 64 ? rip : (uint)(special.Cs.Base + rip);
        return new CodePlace(vcpu.Id, special.Cs.Selector, rip, bits, Read(vcpu, memory, linear, bits == 64 ? ulong.MaxValue : uint.MaxValue));
    }

    // Page by page: what follows the instruction may be another page, or none.
    private static byte[] Read(VirtualCpu vcpu, IGuestMemory memory, ulong linear, ulong addressMask)
    {
        var bytes = new byte[LongestInstruction];
        int count = 0;
        while (count < bytes.Length)
        {
            ulong address = (linear + (ulong)count) & addressMask;
            int part = (int)Math.Min((ulong)(bytes.Length - count), PageMask + 1 - (address & PageMask));
            Translation translation = vcpu.Translate(address);
            if (!translation.IsValid || !memory.TryRead(translation.PhysicalAddress, bytes.AsSpan(count, part)))
            {
                break;
            }

            count += part;
        }

        return bytes[..count];
    }
}
