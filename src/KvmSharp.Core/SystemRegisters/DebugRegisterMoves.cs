using KvmSharp.Cpu;
using KvmSharp.Debugging;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;

namespace KvmSharp.SystemRegisters;

/// <summary>MOV DR. Intel SDM Vol. 3B, "Debug Registers". What the registers arm is in <see cref="BreakpointUnit"/>.</summary>
internal static unsafe class DebugRegisterMoves
{
    private const ulong Dr6Writable = 0x0000_E00F; // B0-B3, BD, BS, BT
    private const ulong Dr6Ones = 0xFFFF_0FF0;
    private const ulong Dr7Writable = 0xFFFF_23FF; // L and G bits, LE, GE, GD, R/W and LEN fields
    private const ulong Dr7Ones = 0x0000_0400;

    /// <summary>MOV DRn, r32, in 64-bit mode r64.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool MoveTo(CpuContext* cpu, MicroOp* op)
    {
        if (!TryResolve(cpu, op->Dst, out int number))
        {
            return false;
        }

        ulong value = Operands.Size(op) == sizeof(ulong) ? cpu->Read<ulong>(op->Src) : cpu->Read<uint>(op->Src);
        if (number >= 6 && value > uint.MaxValue)
        {
            return Faults.GeneralProtection(cpu);
        }

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

        cpu->Engine.Breakpoints.Update();
        return true;
    }

    /// <summary>MOV r32, DRn, in 64-bit mode r64.</summary>
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
        cpu->Write(op->Dst, Operands.Size(op) == sizeof(ulong) ? value : (uint)value);
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

        return ProcessorMode.TryRequireSupervisor(cpu) && TryPassDetection(cpu);
    }

    // General detect is a fault, so RF is set in the saved image.
    private static bool TryPassDetection(CpuContext* cpu)
    {
        if ((cpu->State.Dr7 & DebugControl.GeneralDetect) == 0)
        {
            return true;
        }

        DebugException.Enter(cpu, DebugStatus.GeneralDetect);
        cpu->State.Rflags |= Rflags.Resume;
        return Faults.Raise(cpu, Vector.Debug);
    }
}
