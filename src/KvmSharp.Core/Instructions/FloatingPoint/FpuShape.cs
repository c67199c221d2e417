using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>What all ESC instructions share: #NM, the opcode that FOP reports, and waiting for exceptions.</summary>
internal static unsafe class FpuShape
{
    private const byte FirstEscape = 0xD8;
    private const int EscapeMask = 0xF8;

    /// <summary>Prepares an instruction that has a handler of its own: fills in operands and opcode, registers by their stack number.</summary>
    /// <param name="l">The instruction.</param>
    /// <returns><see langword="false"/> when CR0.EM or CR0.TS make it raise #NM.</returns>
    public static bool TryPrepare(ref Lowering l)
    {
        if ((l.Mode & CodeMode.NoCoprocessor) != 0)
        {
            l.Op->Handler = &NotAvailable;
            return false;
        }

        l.FillOperands();
        l.Op->Immediate = OpcodeOf(l);
        return true;
    }

    /// <summary>An instruction whose body runs unless an exception waits.</summary>
    /// <param name="l">The instruction.</param>
    public static void LowerWaiting(ref Lowering l)
    {
        if (TryPrepare(ref l))
        {
            l.Op->Body = l.Table.BodyOf(l.Mnemonic);
            l.Op->Handler = &Waiting;
        }
    }

    /// <summary>A control instruction that takes no notice of waiting exceptions: the FN forms.</summary>
    /// <param name="l">The instruction.</param>
    public static void LowerNonWaiting(ref Lowering l)
    {
        if (TryPrepare(ref l))
        {
            l.Op->Body = l.Table.BodyOf(l.Mnemonic);
            l.Op->Handler = &GeneralShape.Continue;
        }
    }

    /// <summary>Registers an instruction that waits.</summary>
    /// <param name="table">The table.</param>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <param name="body">Carries it out.</param>
    public static void AddWaiting(LoweringTable table, Mnemonic mnemonic, delegate*<CpuContext*, MicroOp*, bool> body) =>
        table.Add(mnemonic, body, &LowerWaiting);

    /// <summary>Registers an instruction that does not wait.</summary>
    /// <param name="table">The table.</param>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <param name="body">Carries it out.</param>
    public static void AddNonWaiting(LoweringTable table, Mnemonic mnemonic, delegate*<CpuContext*, MicroOp*, bool> body) =>
        table.Add(mnemonic, body, &LowerNonWaiting);

    /// <summary>Raises #NM.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Always null.</returns>
    public static MicroOp* NotAvailable(CpuContext* cpu, MicroOp* op) => Faults.RaiseAt(cpu, op, Vector.DeviceNotAvailable);

    /// <summary>Runs a body unless an exception waits.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>The next micro-op or null.</returns>
    public static MicroOp* Waiting(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        return FpuErrors.TryBegin(cpu, op) && op->Body(cpu, op) ? op + 1 : null;
    }

    // FOP: three bits of the ESC byte and the byte behind it. Prefixes come before, and none has the form of ESC.
    private static int OpcodeOf(in Lowering l)
    {
        int at = l.Op->Offset;
        while ((l.Bytes.ByteAt(at) & EscapeMask) != FirstEscape)
        {
            at++;
        }

        return ((l.Bytes.ByteAt(at) & ~EscapeMask) << 8) | l.Bytes.ByteAt(at + 1);
    }
}
