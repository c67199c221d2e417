using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Segmentation;

namespace KvmSharp.SystemRegisters;

/// <summary>MOV DR. Intel SDM Vol. 3B, "Debug Registers". DR7.GD is kept but raises nothing; breakpoints are not modelled here.</summary>
internal static unsafe class DebugRegisterMoves
{
    private const ulong Dr6Writable = 0x0000_E00F; // B0-B3, BD, BS, BT
    private const ulong Dr6Ones = 0xFFFF_0FF0;
    private const ulong Dr7Writable = 0xFFFF_23FF; // L and G bits, LE, GE, GD, R/W and LEN fields
    private const ulong Dr7Ones = 0x0000_0400;

    /// <summary>MOV DRn, r32.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool MoveTo(CpuContext* cpu, MicroOp* op)
    {
        if (!TryResolve(cpu, op->Dst, out int number))
        {
            return false;
        }

        ulong value = cpu->Read<uint>(op->Src);
        switch (number)
        {
            case 0:
                cpu->State.Dr0 = value;
                break;
            case 1:
                cpu->State.Dr1 = value;
                break;
            case 2:
                cpu->State.Dr2 = value;
                break;
            case 3:
                cpu->State.Dr3 = value;
                break;
            case 6:
                cpu->State.Dr6 = (value & Dr6Writable) | Dr6Ones;
                break;
            default:
                cpu->State.Dr7 = (value & Dr7Writable) | Dr7Ones;
                break;
        }

        return true;
    }

    /// <summary>MOV r32, DRn.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool MoveFrom(CpuContext* cpu, MicroOp* op)
    {
        if (!TryResolve(cpu, op->Src, out int number))
        {
            return false;
        }

        ulong value = number switch
        {
            0 => cpu->State.Dr0,
            1 => cpu->State.Dr1,
            2 => cpu->State.Dr2,
            3 => cpu->State.Dr3,
            6 => cpu->State.Dr6,
            _ => cpu->State.Dr7,
        };
        cpu->Write(op->Dst, (uint)value);
        return true;
    }

    // DR4 and DR5 are other names of DR6 and DR7 until CR4.DE reserves them.
    private static bool TryResolve(CpuContext* cpu, int encoded, out int number)
    {
        bool alias = encoded is 4 or 5;
        number = alias ? encoded + 2 : encoded;
        if (encoded > 7 || (alias && (cpu->State.Cr4 & Cr4.DebuggingExtensions) != 0))
        {
            return Faults.InvalidOpcode(cpu);
        }

        return ProcessorMode.TryRequireSupervisor(cpu);
    }
}
