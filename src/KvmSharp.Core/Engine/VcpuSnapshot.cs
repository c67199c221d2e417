using System.Runtime.InteropServices;
using KvmSharp.Cpu;
using KvmSharp.Operations;

namespace KvmSharp.Engine;

/// <summary>All that a vCPU between two instructions remembers, as one value: what a snapshot holds of it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VcpuSnapshot
{
    private const PendingWork Carried = PendingWork.Nmi | PendingWork.SystemEvent | PendingWork.Startup;

    private CpuState _cpu;
    private LocalApicState _apic;
    private int _systemEvent;
    private byte _nmi;
    private byte _numericError;
    private byte _hasApic;

    /// <summary>Takes the state of a vCPU that does not run and has no unfinished exit.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <returns>The state.</returns>
    public static unsafe VcpuSnapshot Of(VcpuEngine engine) => new()
    {
        _apic = engine.Apic?.Save() ?? default, // first: it may serve its timer, which shows in the rest
        _cpu = engine.Cpu->State,
        _hasApic = engine.Apic is null ? (byte)0 : (byte)1,
        _systemEvent = engine.Requests.Has(PendingWork.SystemEvent) ? (int)engine.Requests.SystemEvent : 0,
        _nmi = engine.Requests.Has(PendingWork.Nmi) ? (byte)1 : (byte)0,
        _numericError = engine.NumericErrors.IsAsserted ? (byte)1 : (byte)0,
    };

    /// <summary>Gives a vCPU this state.</summary>
    /// <param name="engine">The vCPU, which does not run.</param>
    /// <exception cref="KvmException">The state is one of a machine with local APICs and this one has none, or the other way round; or it is no vCPU's (EINVAL).</exception>
    public readonly unsafe void LoadInto(VcpuEngine engine)
    {
        if ((_hasApic != 0) != (engine.Apic is not null))
        {
            throw KvmException.Invalid("the state is one of a vCPU with a local APIC, and this one has none, or the other way round");
        }

        if (_cpu.Events.MpState > MpState.SipiReceived)
        {
            throw KvmException.Invalid("the state is no vCPU's");
        }

        CpuContext* cpu = engine.Cpu;
        cpu->State = _cpu;
        cpu->RetiredAtEnd = _cpu.InstructionsRetired;
        cpu->Remaining = 0;
        cpu->Flags = ArithmeticFlags.FromRflags(_cpu.Rflags);
        engine.Devices.Forget();
        engine.Intercepts.Drop();
        engine.NumericErrors.Load(_numericError != 0);
        engine.Requests.Clear(Carried);
        if (engine.Apic is { } apic)
        {
            apic.Base.Update();
            apic.Load(_apic);
            cpu->State.Cr8 = _cpu.Cr8;
        }

        engine.UpdateMode();
        engine.Breakpoints.Update();
        engine.Mmu.Flush(keepGlobal: false);
        if (_systemEvent != 0)
        {
            engine.Requests.RaiseSystemEvent((SystemEventType)_systemEvent);
        }

        engine.Requests.Raise(PendingWork.Interrupt | (_nmi != 0 ? PendingWork.Nmi : PendingWork.None));
    }
}
