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

    private static bool Interrupt(CpuContext* cpu, MicroOp* op)
    {
        byte vector = (byte)op->Immediate;
        if (ProcessorMode.IsVirtual8086(cpu) && VirtualInterrupts.HasExtensions(cpu))
        {
            if (!InterruptRedirection.TryAsk(cpu, vector, out bool toProgram))
            {
                return false;
            }

            if (toProgram)
            {
                cpu->SuppressTrap = 1;
                return InterruptRedirection.TryEnter(cpu, vector, GeneralShape.NextRip(cpu, op));
            }
        }

        return ProcessorMode.TryRequireVirtual8086Iopl(cpu) && TryRaise(cpu, op, vector, EventKind.SoftwareInterrupt);
    }

    private static bool Breakpoint(CpuContext* cpu, MicroOp* op) =>
        !cpu->Engine.Debugger.TryCatchBreakpoint(op) && TryRaise(cpu, op, (byte)Vector.Breakpoint, EventKind.SoftwareException);

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
        Observing.ObservedEvents.Tell(cpu->Engine, e);
        return EventDelivery.TryDeliver(cpu, e, GeneralShape.NextRip(cpu, op));
    }

    private static bool Bound(CpuContext* cpu, MicroOp* op) =>
        Operands.Size(op) == sizeof(ushort) ? TryRequireWithin<short>(cpu, op) : TryRequireWithin<int>(cpu, op);

    // The bounds lie one behind the other and are inclusive. An index below the lower one does not get as far as the upper one.
    private static bool TryRequireWithin<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.ISignedNumber<T>
    {
        T index = cpu->Read<T>(op->Dst);
        if (!Operands.TryReadMemory(cpu, op, 0, out T lower))
        {
            return false;
        }

        if (index < lower)
        {
            return Faults.Raise(cpu, Vector.BoundRange);
        }

        return Operands.TryReadMemory(cpu, op, (uint)sizeof(T), out T upper) && (index <= upper || Faults.Raise(cpu, Vector.BoundRange));
    }

    private static bool Undefined(CpuContext* cpu, MicroOp* op) => Faults.InvalidOpcode(cpu);
}
