using Iced.Intel;
using KvmSharp.Operations.FloatingPoint;
using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions.FloatingPoint;

/// <summary>Unmasked exceptions on their way to software: #MF, or FERR and an interrupt of the board.</summary>
public class FpuErrorTests
{
    private const ulong NumericError = 1 << 5;
    private const byte ErrorVector = 0x75;

    [Fact]
    public void Wait_UnmaskedExceptionWithNumericError_RaisesFloatingPointError()
    {
        using Guest guest = WithPendingDivision(c => c.wait());
        guest.Run(4).Vector.Should().Be(16);
    }

    [Fact]
    public void NonWaitingInstructions_UnmaskedException_DoNotFault()
    {
        using Guest guest = WithPendingDivision(c =>
        {
            c.fnstsw(ax);
            c.fnclex();
            c.wait();
        });
        guest.Run(6).Vector.Should().BeNull();
        guest.Registers.Rax.Should().Be(X87Status.ZeroDivide | X87Status.ErrorSummary | X87Status.Busy | (6 << X87Status.TopShift));
    }

    [Fact]
    public void LoadControl_MaskTakenAway_ReportsAtTheNextWaitingInstruction()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.fldcw(__word_ptr[Guest.Data]);
            c.fnop();
        });
        guest.Memory.Write<ushort>(Guest.Data, 0x037B);
        SetErrorModel(guest, NumericError);
        guest.Cpu.SetFpuState(new FpuState { Fcw = 0x037F, Fsw = X87Status.ZeroDivide, Mxcsr = 0x1F80 });
        guest.Run(2).Vector.Should().Be(16);
    }

    [Fact]
    public void Wait_WithoutNumericError_AssertsFerrAndFreezesUntilTheInterrupt()
    {
        using Guest guest = WithPendingDivision(c => c.wait(), numericError: false);
        var controller = new OneShotController(guest.Machine, ErrorVector);
        var ferr = new Line(asserted =>
        {
            if (asserted)
            {
                controller.Request();
            }
        });
        guest.Machine.InterruptController = controller;
        guest.Machine.FloatingPointErrorLine = ferr;
        guest.Registers = guest.Registers with { Rflags = 0x202 };
        guest.Run(4).Vector.Should().Be(ErrorVector);
        ferr.IsAsserted.Should().BeTrue();
        uint saved = guest.Memory.Read<uint>(guest.Registers.Rsp);
        saved.Should().Be(Guest.Code + 6, "the interrupt comes before WAIT");
    }

    [Fact]
    public void ClearExceptions_WhileFrozen_ReleasesFerr()
    {
        using Guest guest = WithPendingDivision(c => c.wait(), numericError: false);
        var ferr = new Line(_ => { });
        guest.Machine.FloatingPointErrorLine = ferr;
        guest.Cpu.Run(5).Reason.Should().Be(VmExitReason.Hlt, "nothing can interrupt it");
        ferr.IsAsserted.Should().BeTrue();
        guest.Memory.Write(Guest.Code + 6, [0xDB, 0xE2]); // FNCLEX instead
        guest.Cpu.Run(1);
        ferr.IsAsserted.Should().BeFalse();
    }

    [Fact]
    public void Wait_IgnneAsserted_GoesOn()
    {
        using Guest guest = WithPendingDivision(c => c.wait(), numericError: false);
        guest.Machine.IgnoreFloatingPointErrorLine.Drive(true);
        guest.Run(4).Vector.Should().BeNull();
        guest.Registers.Rip.Should().Be(Guest.Code + 7);
    }

    [Fact]
    public void Divide_UnmaskedZeroDivide_KeepsOperandsAndNotesWhere()
    {
        using Guest guest = WithPendingDivision(c => c.nop());
        guest.Run(3).Vector.Should().BeNull();
        FpuState state = guest.Cpu.GetFpuState();
        state.Fpr[0].Should().Be((UInt128)0);
        state.LastOpcode.Should().Be(0x0F9); // D8 F9
        state.LastIp.Should().Be(Guest.Code + 4);
    }

    // FLD1; FLDZ; FDIVR ST(0), ST(1), with ZM clear: 1/0 is pending behind three instructions and six bytes.
    private static Guest WithPendingDivision(Action<Assembler> rest, bool numericError = true)
    {
        Guest guest = Guest.Flat(c =>
        {
            c.fld1();
            c.fldz();
            c.fdivr(st0, st1);
            rest(c);
        });
        SetErrorModel(guest, numericError ? NumericError : 0);
        guest.Cpu.SetFpuState(new FpuState { Fcw = 0x037B, Mxcsr = 0x1F80 });
        return guest;
    }

    private static void SetErrorModel(Guest guest, ulong numericError)
    {
        SpecialRegisters special = guest.Cpu.GetSpecialRegisters();
        guest.Cpu.SetSpecialRegisters(special with { Cr0 = (special.Cr0 & ~NumericError) | numericError });
    }

    private sealed class Line(Action<bool> changed) : ISignal
    {
        public bool IsAsserted { get; private set; }

        public void Drive(bool asserted)
        {
            IsAsserted = asserted;
            changed(asserted);
        }
    }
}
