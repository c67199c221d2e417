using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.Tasks;

/// <summary>Who may use which port: IOPL, then the I/O permission map of the TSS. Intel SDM Vol. 1, "I/O Permission Bit Map".</summary>
internal static unsafe class PortPermission
{
    private const int PortsInByte = 8;

    /// <summary>Checks an access to a port; virtual-8086 mode always asks the map, whatever IOPL is.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="port">The first port.</param>
    /// <param name="width">1, 2 or 4.</param>
    /// <returns>Whether it is allowed; else #GP(0) or the page fault of the map was raised.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryCheck(CpuContext* cpu, ushort port, int width) =>
        cpu->Cpl == 0 || TryCheckUser(cpu, port, width); // in real mode CPL is 0, in virtual-8086 mode 3

    private static bool TryCheckUser(CpuContext* cpu, ushort port, int width)
    {
        bool free = !ProcessorMode.IsVirtual8086(cpu) && cpu->Cpl <= ProcessorMode.Iopl(cpu);
        return free || TryCheckMap(cpu, port, width);
    }

    private static bool TryCheckMap(CpuContext* cpu, ushort port, int width)
    {
        ref SegmentCache task = ref cpu->State.Segments[(int)SegmentIndex.Tr];
        bool hasMap = !task.Unusable && TaskLayout.Of(task.Attributes).IsWide && task.Limit >= TaskLayout.WideMinimumLimit;
        if (!hasMap)
        {
            return Faults.GeneralProtection(cpu);
        }

        if (!LinearAccess.TryReadSystem(cpu, (task.Base + TaskLayout.IoMapBaseOffset) & cpu->SystemMask, out ushort map))
        {
            return false;
        }

        // Two bytes are always read, for the ports of one access may lie in two; hence the byte of ones that ends a map.
        uint at = map + ((uint)port / PortsInByte);
        if (at + 1 > task.Limit)
        {
            return Faults.GeneralProtection(cpu);
        }

        if (!LinearAccess.TryReadSystem(cpu, (task.Base + at) & cpu->SystemMask, out ushort bits))
        {
            return false;
        }

        int mask = ((1 << width) - 1) << (port % PortsInByte);
        return (bits & mask) == 0 || Faults.GeneralProtection(cpu);
    }
}
