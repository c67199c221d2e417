using KvmSharp.Apic;
using KvmSharp.Cpu;
using KvmSharp.SystemRegisters;

namespace KvmSharp;

/// <summary>What the processor holds: registers of all kinds, events on their way, its local APIC.</summary>
public sealed unsafe partial class VirtualCpu
{
    /// <summary>Gets the general registers, RIP and RFLAGS. KVM_GET_REGS.</summary>
    /// <returns>The registers; half done while <see cref="HasPendingExit"/>.</returns>
    public GeneralRegisters GetRegisters() => RegisterAccess.GetGeneral(State);

    /// <summary>Sets the general registers, RIP and RFLAGS. KVM_SET_REGS.</summary>
    /// <param name="registers">The registers; reserved bits of RFLAGS are put right.</param>
    /// <exception cref="KvmException">An exit is pending, or the vCPU runs (EBUSY).</exception>
    public void SetRegisters(in GeneralRegisters registers)
    {
        RequireSettled();
        RegisterAccess.SetGeneral(ref State, registers);
        _engine.UpdateMode(); // RFLAGS.VM
    }

    /// <summary>Gets segments, tables, control registers, EFER and APIC base. KVM_GET_SREGS.</summary>
    /// <returns>The registers.</returns>
    public SpecialRegisters GetSpecialRegisters() => RegisterAccess.GetSpecial(State);

    /// <summary>Sets segments, tables, control registers, EFER and APIC base. KVM_SET_SREGS.</summary>
    /// <param name="registers">The registers. Descriptor caches are taken as given; nothing is read from tables.</param>
    /// <exception cref="KvmException">An exit is pending or the vCPU runs (EBUSY), or paging is set without protection, LMA does not fit LME, PG and PAE, or a bit that the processor lacks (EINVAL).</exception>
    public void SetSpecialRegisters(in SpecialRegisters registers)
    {
        RequireSettled();
        RegisterAccess.SetSpecial(ref State, registers, _engine.Features);
        SyncApic();
        _engine.UpdateMode();
        _engine.Breakpoints.Update(); // CR4.DE
        _engine.FlushTlb(keepGlobal: false);
    }

    /// <summary>Gets the debug registers. KVM_GET_DEBUGREGS.</summary>
    /// <returns>The registers.</returns>
    public DebugRegisters GetDebugRegisters() => RegisterAccess.GetDebug(State);

    /// <summary>Sets the debug registers. KVM_SET_DEBUGREGS.</summary>
    /// <param name="registers">The registers.</param>
    public void SetDebugRegisters(in DebugRegisters registers)
    {
        RequireSettled();
        RegisterAccess.SetDebug(ref State, registers);
        _engine.Breakpoints.Update();
    }

    /// <summary>Gets events that are on their way. KVM_GET_VCPU_EVENTS.</summary>
    /// <returns>The events.</returns>
    public VcpuEvents GetEvents() => RegisterAccess.GetEvents(State);

    /// <summary>Sets events that are on their way. KVM_SET_VCPU_EVENTS.</summary>
    /// <param name="events">The events.</param>
    public void SetEvents(in VcpuEvents events)
    {
        RequireSettled();
        RegisterAccess.SetEvents(ref State, events);
    }

    /// <summary>Reads a model-specific register. KVM_GET_MSRS.</summary>
    /// <param name="index">Its number.</param>
    /// <returns>Its value.</returns>
    /// <exception cref="KvmException">The processor has no such register (EINVAL).</exception>
    public ulong GetMsr(uint index)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return ModelSpecific.TryRead(_engine.Cpu, index, out ulong value)
            ? value
            : throw KvmException.Invalid($"there is no MSR {index:X}h");
    }

    /// <summary>Writes a model-specific register. KVM_SET_MSRS.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="value">Its new value.</param>
    /// <exception cref="KvmException">The processor has no such register, or the value sets reserved bits (EINVAL).</exception>
    public void SetMsr(uint index, ulong value)
    {
        RequireSettled();
        if (!ModelSpecific.TryWrite(_engine.Cpu, index, value))
        {
            throw KvmException.Invalid($"MSR {index:X}h does not exist or does not take {value:X}h");
        }
    }

    /// <summary>Translates a linear address through the present page tables without touching Accessed and Dirty. KVM_TRANSLATE.</summary>
    /// <param name="linear">The linear address.</param>
    /// <param name="asUser">Whether it is judged as a read by CPL 3, not 0: with SMAP neither of them may read what the other may.</param>
    /// <returns>The translation with every entry met on the walk.</returns>
    public Translation Translate(ulong linear, bool asUser = false) => Translate(linear, asUser ? TranslationAccess.User : TranslationAccess.Read);

    /// <summary>Gets the registers and the timer of the local APIC. KVM_GET_LAPIC.</summary>
    /// <returns>The state.</returns>
    /// <exception cref="KvmException">The machine has no local APICs (EINVAL), or the vCPU runs (EBUSY).</exception>
    public LocalApicState GetLocalApic()
    {
        RequireSettled();
        return RequireApic().Save();
    }

    /// <summary>Sets the registers and the timer of the local APIC. KVM_SET_LAPIC.</summary>
    /// <param name="state">The state.</param>
    /// <exception cref="KvmException">The machine has no local APICs (EINVAL), or the vCPU runs (EBUSY).</exception>
    /// <remarks>IA32_APIC_BASE is among the special registers: set those first. The timer's due time is that of <see cref="VirtualMachine.Clock"/>.</remarks>
    public void SetLocalApic(in LocalApicState state)
    {
        RequireSettled();
        RequireApic().Load(state);
    }

    // IA32_APIC_BASE and CR8 are state that the local APIC shares.
    private void SyncApic()
    {
        if (_engine.Apic is { } apic)
        {
            apic.Base.Update();
            if (apic.TaskPriority >> 4 != State.Cr8)
            {
                apic.SetTaskPriority((uint)State.Cr8 << 4);
            }
        }
    }

    private LocalApic RequireApic() => _engine.Apic
        ?? throw KvmException.Invalid("the machine has no local APICs: set VirtualMachine.LocalApics before the first vCPU");
}
