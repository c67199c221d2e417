using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Memory;

namespace KvmSharp.Tasks;

/// <summary>What a task switch loads from a TSS, and how it saves the same to one.</summary>
internal unsafe struct TaskImage
{
    public ulong Cr3;
    public ulong Rip;
    public ulong Flags;
    public GeneralImages General;
    public SegmentImages Segments;
    public ushort Ldt;
    public bool DebugTrap;

    // What the high halves of the registers hold after a load from a 16-bit TSS is undefined; processors leave ones.
    private const ulong NarrowHighHalf = 0xFFFF_0000;

    /// <summary>Reads the dynamic fields, CR3, the LDT selector and the T flag.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="address">The linear address of the TSS.</param>
    /// <param name="layout">Its layout.</param>
    /// <param name="image">What it holds.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryRead(CpuContext* cpu, ulong address, TaskLayout layout, out TaskImage image)
    {
        image = default;
        if (!TryReadField(cpu, address + layout.IpOffset, layout, out image.Rip)
            || !TryReadField(cpu, address + layout.FlagsOffset, layout, out image.Flags)
            || !LinearAccess.TryReadSystem(cpu, Wrap(address + layout.LdtOffset), out image.Ldt))
        {
            return false;
        }

        for (int i = 0; i < GeneralImages.Count; i++)
        {
            if (!TryReadField(cpu, address + layout.GeneralOffset(i), layout, out ulong value))
            {
                return false;
            }

            image.General[i] = layout.IsWide ? value : value | NarrowHighHalf;
        }

        for (int i = 0; i < layout.Segments; i++)
        {
            if (!LinearAccess.TryReadSystem(cpu, Wrap(address + layout.SegmentOffset(i)), out ushort selector))
            {
                return false;
            }

            image.Segments[i] = selector;
        }

        return !layout.IsWide || TryReadWideFields(cpu, address, ref image);
    }

    /// <summary>Checks that the present state can be saved.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="address">The linear address of the TSS.</param>
    /// <param name="layout">Its layout.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryProbe(CpuContext* cpu, ulong address, TaskLayout layout) =>
        LinearAccess.TryProbeWrite(
            cpu, Wrap(address + layout.IpOffset), (int)(layout.LdtOffset - layout.IpOffset), DataAccess.SystemWrite);

    /// <summary>Saves the present state.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="address">The linear address of the TSS.</param>
    /// <param name="layout">Its layout.</param>
    /// <param name="rip">Where the task is to go on.</param>
    /// <param name="flags">EFLAGS as they are to be saved.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TrySave(CpuContext* cpu, ulong address, TaskLayout layout, ulong rip, ulong flags)
    {
        if (!TryWriteField(cpu, address + layout.IpOffset, layout, rip)
            || !TryWriteField(cpu, address + layout.FlagsOffset, layout, flags))
        {
            return false;
        }

        for (int i = 0; i < GeneralImages.Count; i++)
        {
            if (!TryWriteField(cpu, address + layout.GeneralOffset(i), layout, cpu->State.General[i]))
            {
                return false;
            }
        }

        for (int i = 0; i < layout.Segments; i++)
        {
            if (!LinearAccess.TryWriteSystem(cpu, Wrap(address + layout.SegmentOffset(i)), cpu->State.Segments[i].Selector))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadWideFields(CpuContext* cpu, ulong address, ref TaskImage image)
    {
        if (!LinearAccess.TryReadSystem(cpu, Wrap(address + TaskLayout.Cr3Offset), out uint cr3)
            || !LinearAccess.TryReadSystem(cpu, Wrap(address + TaskLayout.DebugTrapOffset), out ushort trap))
        {
            return false;
        }

        image.Cr3 = cr3;
        image.DebugTrap = (trap & 1) != 0;
        return true;
    }

    private static bool TryReadField(CpuContext* cpu, ulong address, TaskLayout layout, out ulong value)
    {
        if (layout.IsWide)
        {
            bool read = LinearAccess.TryReadSystem(cpu, Wrap(address), out uint wide);
            value = wide;
            return read;
        }

        bool done = LinearAccess.TryReadSystem(cpu, Wrap(address), out ushort narrow);
        value = narrow;
        return done;
    }

    private static bool TryWriteField(CpuContext* cpu, ulong address, TaskLayout layout, ulong value) =>
        layout.IsWide
            ? LinearAccess.TryWriteSystem(cpu, Wrap(address), (uint)value)
            : LinearAccess.TryWriteSystem(cpu, Wrap(address), (ushort)value);

    private static ulong Wrap(ulong address) => (uint)address;

    /// <summary>EAX to EDI in encoding order.</summary>
    [InlineArray(Count)]
    public struct GeneralImages
    {
        public const int Count = 8;
        private ulong _first;
    }

    /// <summary>Selectors of ES, CS, SS, DS, FS and GS.</summary>
    [InlineArray(Count)]
    public struct SegmentImages
    {
        public const int Count = 6;
        private ushort _first;
    }
}
