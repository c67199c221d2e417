using KvmSharp.Engine;

namespace KvmSharp.Apic;

/// <summary>The pins LINT0, where a PC connects the 8259's INTR, and LINT1, where it connects NMI.</summary>
/// <remarks>
/// While the APIC is disabled, by IA32_APIC_BASE or by software, the pins are INTR and NMI of the processor itself, as on a board that
/// passes them by. Drive them from any thread.
/// </remarks>
/// <param name="engine">The vCPU.</param>
/// <param name="apic">Its APIC.</param>
internal sealed class ApicInputs(VcpuEngine engine, LocalApic apic)
{
    private const uint Lint0Bit = 1 << 0;
    private const uint ExternalBit = 1 << 1;

    private int _external;
    private int _lint0;

    /// <summary>Gets a value indicating whether the processor shall fetch a vector from the 8259.</summary>
    public bool HasExternal => (Volatile.Read(ref _lint0) != 0 && PassesInterrupts) || Volatile.Read(ref _external) != 0;

    private bool PassesInterrupts
    {
        get
        {
            LvtEntry entry = apic.Entry(ApicRegister.LvtLint0);
            return !apic.IsSoftwareEnabled || entry is { IsMasked: false, Delivery: DeliveryMode.External };
        }
    }

    /// <summary>A message of delivery mode ExtINT has come: one vector is to be fetched.</summary>
    public void RaiseExternal()
    {
        Volatile.Write(ref _external, 1);
        engine.Requests.Raise(PendingWork.Interrupt);
    }

    /// <summary>The vector is being fetched.</summary>
    public void TakeExternal() => Volatile.Write(ref _external, 0);

    /// <summary>Drives LINT0.</summary>
    /// <param name="asserted">The level.</param>
    public void DriveLint0(bool asserted)
    {
        if (Interlocked.Exchange(ref _lint0, asserted ? 1 : 0) != 0 || !asserted)
        {
            return;
        }

        if (PassesInterrupts)
        {
            engine.Requests.Raise(PendingWork.Interrupt);
        }
        else
        {
            RaiseLint0(apic.Entry(ApicRegister.LvtLint0));
        }
    }

    /// <summary>Drives LINT1.</summary>
    /// <param name="asserted">The level; its rise is what counts.</param>
    public void DriveLint1(bool asserted)
    {
        if (!asserted)
        {
            return;
        }

        if (apic.IsSoftwareEnabled)
        {
            apic.Raise(apic.Entry(ApicRegister.LvtLint1));
        }
        else
        {
            engine.Requests.Raise(PendingWork.Nmi);
        }
    }

    /// <summary>The entry of LINT0 has been written: a level that stands there may pass now.</summary>
    public void EntryChanged()
    {
        LvtEntry entry = apic.Entry(ApicRegister.LvtLint0);
        if (Volatile.Read(ref _lint0) == 0)
        {
            return;
        }

        if (PassesInterrupts)
        {
            engine.Requests.Raise(PendingWork.Interrupt);
        }
        else if (IsLevelTriggered(entry))
        {
            RaiseLint0(entry);
        }
    }

    /// <summary>A vector has been served: if it was LINT0's and the level still stands, it comes again.</summary>
    /// <param name="vector">The vector.</param>
    public void EndOfInterrupt(byte vector)
    {
        LvtEntry entry = apic.Entry(ApicRegister.LvtLint0);
        if ((entry.Value & LvtEntry.RemoteRequest) != 0 && entry.Vector == vector)
        {
            apic.Poke(ApicRegister.LvtLint0, entry.Value & ~LvtEntry.RemoteRequest);
            EntryChanged();
        }
    }

    /// <summary>Gives the levels.</summary>
    /// <returns>Bits.</returns>
    public uint Save() => (_lint0 != 0 ? Lint0Bit : 0) | (_external != 0 ? ExternalBit : 0);

    /// <summary>Sets the levels.</summary>
    /// <param name="bits">What <see cref="Save"/> gave.</param>
    public void Load(uint bits) => (_lint0, _external) = ((int)(bits & Lint0Bit), (bits & ExternalBit) != 0 ? 1 : 0);

    private static bool IsLevelTriggered(LvtEntry entry) => entry is { IsLevel: true, Delivery: DeliveryMode.Fixed };

    // Remote IRR keeps a level from raising its vector twice before EOI.
    private void RaiseLint0(LvtEntry entry)
    {
        if (entry.IsMasked || entry.Delivery == DeliveryMode.External || (IsLevelTriggered(entry) && (entry.Value & LvtEntry.RemoteRequest) != 0))
        {
            return;
        }

        if (IsLevelTriggered(entry))
        {
            apic.Poke(ApicRegister.LvtLint0, entry.Value | LvtEntry.RemoteRequest);
        }

        apic.Raise(entry);
    }
}
