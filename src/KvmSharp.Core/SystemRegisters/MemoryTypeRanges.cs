using System.Runtime.CompilerServices;
using KvmSharp.Cpu;

namespace KvmSharp.SystemRegisters;

/// <summary>The memory type range registers: eight variable ranges and the fixed ones. Intel SDM Vol. 3A, "Memory Type Range Registers (MTRRs)".</summary>
/// <remarks>They are kept and have no effect, for there is no cache. Firmware sets them, systems read them.</remarks>
internal static unsafe class MemoryTypeRanges
{
    public const uint Capability = 0xFE;
    public const uint DefaultType = 0x2FF;

    /// <summary>IA32_MTRRCAP: eight variable ranges, fixed ranges, write combining.</summary>
    public const ulong CapabilityValue = VariableRanges | (1 << 8) | (1 << 10);

    private const int VariableRanges = 8;
    private const uint FirstVariable = 0x200;
    private const uint LastVariable = FirstVariable + (2 * VariableRanges) - 1;
    private const ulong DefaultWritable = 0xCFF; // type, fixed-range enable, enable
    private const ulong TypeMask = 0xFF;
    private const ulong MaskValid = 1 << 11;

    /// <summary>IA32_MTRR_FIX64K_00000, FIX16K_80000, FIX16K_A0000, FIX4K_C0000 to FIX4K_F8000.</summary>
    private static readonly uint[] Fixed = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F];

    /// <summary>Tells whether a register is one of these and can be written.</summary>
    /// <param name="index">The MSR's number.</param>
    /// <returns>Whether it is.</returns>
    public static bool Contains(uint index) => index is DefaultType or (>= FirstVariable and <= LastVariable) || Fixed.AsSpan().Contains(index);

    /// <summary>Finds where a register is kept.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="index">The MSR's number.</param>
    /// <returns>The place, or null when it is none of these.</returns>
    public static ulong* StorageOf(CpuContext* cpu, uint index)
    {
        ref ModelSpecificRegisters registers = ref cpu->State.Msrs;
        if (index == DefaultType)
        {
            return (ulong*)Unsafe.AsPointer(ref registers.MtrrDefType);
        }

        if (index is >= FirstVariable and <= LastVariable)
        {
            return (ulong*)Unsafe.AsPointer(ref registers.VariableRanges[(int)(index - FirstVariable)]);
        }

        int place = Array.IndexOf(Fixed, index);
        return place < 0 ? null : (ulong*)Unsafe.AsPointer(ref registers.FixedRanges[place]);
    }

    /// <summary>Tests whether a register takes a value.</summary>
    /// <param name="index">One of these.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether no reserved bit and no reserved type is in it.</returns>
    public static bool IsAcceptable(uint index, ulong value)
    {
        const ulong Address = Paging.PhysicalAddress.TableMask;
        if (index == DefaultType)
        {
            return (value & ~DefaultWritable) == 0 && IsType((byte)value);
        }

        if (index is >= FirstVariable and <= LastVariable)
        {
            bool isMask = (index & 1) != 0;
            return isMask ? (value & ~(Address | MaskValid)) == 0 : (value & ~(Address | TypeMask)) == 0 && IsType((byte)value);
        }

        for (int i = 0; i < sizeof(ulong); i++)
        {
            if (!IsType((byte)(value >> (i * 8))))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Tests whether a number is a memory type: UC, WC, WT, WP, WB.</summary>
    /// <param name="type">The number.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsType(byte type) => type is 0 or 1 or 4 or 5 or 6;
}
