using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;

namespace KvmSharp.Events;

/// <summary>Instructions that raise events: INT n, INT3, INTO, INT1, BOUND, UD0 to UD2, and RSM, which is #UD outside SMM.</summary>
internal static unsafe class InterruptInstructions
{
    public static void Register(LoweringTable table)
    {
        table.AddTransfer(Mnemonic.Int, &Interrupt);
        table.AddTransfer(Mnemonic.Int3, &Breakpoint);
        table.AddTransfer(Mnemonic.Into, &Overflow);
        table.AddTransfer(Mnemonic.Int1, &DebugTrap);
        table.AddGeneral(Mnemonic.Bound, &Bound);
        table.AddGeneral(Mnemonic.Ud0, &Undefined);
        table.AddGeneral(Mnemonic.Ud1, &Undefined);
        table.AddGeneral(Mnemonic.Ud2, &Undefined);
        table.AddGeneral(Mnemonic.Rsm, &Undefined);
    }

    private static bool Interrupt(CpuContext* cpu, MicroOp* op) =>
        ProcessorMode.TryRequireVirtual8086Iopl(cpu) && TryRaise(cpu, op, (byte)op->Immediate, EventKind.SoftwareInterrupt);

    private static bool Breakpoint(CpuContext* cpu, MicroOp* op) =>
        TryRaise(cpu, op, (byte)Vector.Breakpoint, EventKind.SoftwareException);

    private static bool Overflow(CpuContext* cpu, MicroOp* op)
    {
        if (cpu->Flags.Overflow)
        {
            return TryRaise(cpu, op, (byte)Vector.Overflow, EventKind.SoftwareException);
        }

        cpu->State.Rip = GeneralShape.NextRip(cpu, op);
        return true;
    }

    private static bool DebugTrap(CpuContext* cpu, MicroOp* op) =>
        TryRaise(cpu, op, (byte)Vector.Debug, EventKind.PrivilegedSoftwareException);

    private static bool TryRaise(CpuContext* cpu, MicroOp* op, byte vector, EventKind kind)
    {
        var e = new PendingEvent { Valid = 1, Vector = vector, Kind = kind };
        cpu->SuppressTrap = 1;
        return EventDelivery.TryDeliver(cpu, e, GeneralShape.NextRip(cpu, op));
    }

    // The bounds lie one behind the other and are inclusive; all three numbers are signed.
    private static bool Bound(CpuContext* cpu, MicroOp* op)
    {
        int index;
        int lower;
        int upper;
        if (Operands.Size(op) == sizeof(ushort))
        {
            if (!Operands.TryReadMemory(cpu, op, 0, out short low) || !Operands.TryReadMemory(cpu, op, sizeof(short), out short high))
            {
                return false;
            }

            (index, lower, upper) = (cpu->Read<short>(op->Dst), low, high);
        }
        else
        {
            if (!Operands.TryReadMemory(cpu, op, 0, out lower) || !Operands.TryReadMemory(cpu, op, sizeof(int), out upper))
            {
                return false;
            }

            index = cpu->Read<int>(op->Dst);
        }

        return (index >= lower && index <= upper) || Faults.Raise(cpu, Vector.BoundRange);
    }

    private static bool Undefined(CpuContext* cpu, MicroOp* op) => Faults.InvalidOpcode(cpu);
}
