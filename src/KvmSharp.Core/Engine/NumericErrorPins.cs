namespace KvmSharp.Engine;

/// <summary>The pins FERR and IGNNE: how an x87 exception becomes an interrupt of the board while CR0.NE is 0.</summary>
/// <remarks>
/// At a waiting instruction with an unmasked exception the processor asserts FERR and freezes until an interrupt comes; the saved RIP is that
/// instruction's. The handler writes to port F0h, by which the board asserts IGNNE, and clears the exception, which releases FERR.
/// Freezing is the halted state: without an interrupt controller it is an exit with <see cref="VmExitReason.Hlt"/>.
/// Intel SDM Vol. 1, "MS-DOS Compatibility Sub-mode", and its appendix on x87 FPU exception handlers.
/// </remarks>
internal sealed unsafe class NumericErrorPins(VcpuEngine engine, VirtualMachine vm)
{
    /// <summary>Gets a value indicating whether FERR is asserted.</summary>
    public bool IsAsserted { get; private set; }

    /// <summary>Sets FERR as it was, without driving it: what hangs on it has its own state.</summary>
    /// <param name="asserted">The level.</param>
    public void Load(bool asserted) => IsAsserted = asserted;

    /// <summary>Lets a waiting instruction go on if IGNNE is asserted, else asserts FERR and freezes the processor before it.</summary>
    /// <returns>Whether the instruction may execute.</returns>
    public bool TryIgnore()
    {
        if (vm.IgnoresNumericErrors)
        {
            return true;
        }

        Drive(asserted: true);
        engine.Cpu->State.Events.MpState = MpState.Halted;
        engine.Cpu->Stop = StopReason.Wait;
        return false;
    }

    /// <summary>No unmasked exception is left.</summary>
    public void Release()
    {
        if (IsAsserted)
        {
            Drive(asserted: false);
        }
    }

    private void Drive(bool asserted)
    {
        IsAsserted = asserted;
        if (vm.FloatingPointErrorLine is { } line)
        {
            engine.Requests.LeaveGuest();
            line.Drive(asserted);
            engine.Requests.EnterGuest();
        }
    }
}
