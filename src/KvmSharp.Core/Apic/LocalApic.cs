using KvmSharp.Engine;

namespace KvmSharp.Apic;

/// <summary>The local APIC of one vCPU: what it accepts, in what order it delivers, and what other processors ask through it.</summary>
/// <remarks>
/// Intel SDM Vol. 3A, "Advanced Programmable Interrupt Controller (APIC)". Software's registers are in <see cref="ApicRegisterFile"/>. They
/// belong to the vCPU's thread; <see cref="Receive"/>, and what is read to find a destination, may be used from any.
/// </remarks>
internal sealed unsafe class LocalApic
{
    private const byte FirstValidVector = 16; // 0 to 15 are the processor's own
    private const int PriorityMask = 0xF0;
    private const uint SoftwareEnable = 1 << 8;
    private const uint VirtualWire = (uint)DeliveryMode.External << 8;

    private readonly VcpuEngine _engine;
    private readonly VirtualMachine _vm;
    private readonly uint[] _registers = new uint[ApicRegisters.Length];
    private int _pendingErrors;

    /// <summary>Initializes a new instance of the <see cref="LocalApic"/> class, in its power-on state.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <param name="vm">The machine.</param>
    public LocalApic(VcpuEngine engine, VirtualMachine vm)
    {
        _engine = engine;
        _vm = vm;
        Timer = new ApicTimer(engine, vm, this);
        Startup = new StartupRequests(engine);
        Inputs = new ApicInputs(engine, this);
        Registers = new ApicRegisterFile(engine, vm, this);
        Base = new ApicBase(engine, this);
    }

    public ApicTimer Timer { get; }

    public StartupRequests Startup { get; }

    public ApicInputs Inputs { get; }

    public ApicRegisterFile Registers { get; }

    public ApicBase Base { get; }

    /// <summary>Gets the vectors that wait to be delivered: IRR.</summary>
    public VectorSet Requested { get; } = new();

    /// <summary>Gets the vectors whose handlers have not sent EOI yet: ISR.</summary>
    public VectorSet InService { get; } = new();

    /// <summary>Gets the vectors that are level triggered: TMR.</summary>
    public VectorSet LevelTriggered { get; } = new();

    /// <summary>Gets a value indicating whether there is an APIC at all at present: the enable bit of IA32_APIC_BASE.</summary>
    public bool IsEnabled => Base.IsEnabled;

    /// <summary>Gets a value indicating whether it accepts more than NMI, INIT and start-up: bit 8 of the spurious-vector register.</summary>
    public bool IsSoftwareEnabled => IsEnabled && (Peek(ApicRegister.SpuriousVector) & SoftwareEnable) != 0;

    /// <summary>Gets the number that destinations name: 8 bits, in x2APIC mode 32.</summary>
    public uint Id => Base.IsX2Apic ? (uint)_engine.Id : Peek(ApicRegister.Id) >> 24;

    public uint TaskPriority => Peek(ApicRegister.TaskPriority);

    /// <summary>Gets PPR: the higher of the task's priority and that of the handler that runs. Intel SDM Vol. 3A, "Task and Processor Priorities".</summary>
    public uint ProcessorPriority
    {
        get
        {
            uint task = TaskPriority;
            uint handler = InService.Highest is >= 0 and int vector ? (uint)(vector & PriorityMask) : 0;
            return (task & PriorityMask) >= handler ? task : handler;
        }
    }

    /// <summary>Gets a value indicating whether a vector waits that is more urgent than what runs.</summary>
    public bool HasDeliverable => IsEnabled && Requested.Highest is >= FirstValidVector and int vector && (vector & PriorityMask) > (ProcessorPriority & PriorityMask);

    /// <summary>Reads a stored register, whatever the mode. Any thread.</summary>
    /// <param name="register">The register.</param>
    /// <returns>Its value.</returns>
    public uint Peek(ApicRegister register) => Volatile.Read(ref _registers[(int)register]);

    /// <summary>Stores a register without any effect.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    public void Poke(ApicRegister register, uint value) => Volatile.Write(ref _registers[(int)register], value);

    public LvtEntry Entry(ApicRegister register) => new(Peek(register));

    /// <summary>Tests whether a message names this APIC. Any thread.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Whether it does.</returns>
    public bool IsAddressedBy(in InterruptMessage message)
    {
        if (!IsEnabled || message.Destination == InterruptMessage.Broadcast)
        {
            return IsEnabled;
        }

        return message.IsLogical ? IsInLogical(message.Destination) : message.Destination == Id;
    }

    /// <summary>Takes a message. Any thread.</summary>
    /// <param name="message">The message.</param>
    public void Receive(in InterruptMessage message)
    {
        switch (message.Delivery)
        {
            case DeliveryMode.Fixed or DeliveryMode.LowestPriority:
                Accept(message.Vector, message.IsLevel);
                break;
            case DeliveryMode.Nmi:
                _engine.Requests.Raise(PendingWork.Nmi);
                break;
            case DeliveryMode.Init:
                Startup.RaiseInit();
                break;
            case DeliveryMode.StartUp:
                Startup.RaiseStartup(message.Vector);
                break;
            case DeliveryMode.External:
                Inputs.RaiseExternal();
                break;
            default:
                break; // there is no system management mode
        }
    }

    /// <summary>Raises what an entry of the local vector table says, unless it is masked.</summary>
    /// <param name="entry">The entry.</param>
    public void Raise(LvtEntry entry)
    {
        if (!entry.IsMasked && IsEnabled)
        {
            Receive(new InterruptMessage { Vector = entry.Vector, Delivery = entry.Delivery });
        }
    }

    /// <summary>Accepts a vector, when software has enabled the APIC. Any thread.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="isLevel">Whether its EOI is told to the IO-APICs.</param>
    public void Accept(byte vector, bool isLevel)
    {
        if (!IsSoftwareEnabled)
        {
            return;
        }

        if (vector < FirstValidVector)
        {
            NoteError(ApicError.ReceiveIllegalVector);
            return;
        }

        if (isLevel)
        {
            LevelTriggered.Add(vector);
        }
        else
        {
            LevelTriggered.Remove(vector);
        }

        if (Requested.Add(vector))
        {
            _engine.Requests.Raise(PendingWork.Interrupt);
        }
    }

    /// <summary>Takes the most urgent vector that may be delivered: from request to service.</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>Whether there was one.</returns>
    /// <remarks>The vector is chosen in the moment of the acknowledgement, so that the spurious vector is never needed.</remarks>
    public bool TryAcknowledge(out byte vector)
    {
        vector = 0;
        if (!HasDeliverable)
        {
            return false;
        }

        vector = (byte)Requested.Highest;
        InService.Add(vector);
        Requested.Remove(vector);
        return true;
    }

    /// <summary>EOI: the handler of the most urgent vector in service has done.</summary>
    public void EndInterrupt()
    {
        if (InService.Highest is not (>= 0 and int highest))
        {
            return;
        }

        byte vector = (byte)highest;
        InService.Remove(vector);
        PriorityChanged();
        Inputs.EndOfInterrupt(vector);
        if (LevelTriggered.Has(vector) && _vm.EndOfInterrupt is { } tell)
        {
            bool inside = _engine.Requests.StepOut();
            tell(vector);
            _engine.Requests.StepBack(inside);
        }
    }

    /// <summary>Sets TPR, and CR8 with it.</summary>
    /// <param name="value">The register.</param>
    public void SetTaskPriority(uint value)
    {
        Poke(ApicRegister.TaskPriority, value & byte.MaxValue);
        _engine.Cpu->State.Cr8 = (value & PriorityMask) >> 4;
        PriorityChanged();
    }

    /// <summary>Collects an error until software looks at it, and raises the error interrupt. Any thread.</summary>
    /// <param name="error">The error.</param>
    public void NoteError(ApicError error)
    {
        LvtEntry entry = Entry(ApicRegister.LvtError);
        bool isNew = (Interlocked.Or(ref _pendingErrors, (int)error) & (int)error) == 0;
        if (isNew && entry.Vector >= FirstValidVector)
        {
            Raise(entry); // an error of the error interrupt itself would only be noted again
        }
    }

    /// <summary>Takes the errors collected so far. Intel SDM Vol. 3A, "Error Handling".</summary>
    /// <returns>The error status register.</returns>
    public uint TakeErrors() => (uint)Interlocked.Exchange(ref _pendingErrors, 0);

    /// <summary>Gives every register its power-on value. Intel SDM Vol. 3A, "Local APIC Status and Location", "Local APIC State After Power-Up or Reset".</summary>
    /// <remarks>
    /// The boot processor's LINT0 is left open for the 8259, as boards do it (and KVM), so that a system without APICs gets its interrupts.
    /// </remarks>
    public void Reset()
    {
        Array.Clear(_registers);
        Requested.Clear();
        InService.Clear();
        LevelTriggered.Clear();
        _ = TakeErrors();
        Poke(ApicRegister.Id, (uint)_engine.Id << 24);
        Poke(ApicRegister.DestinationFormat, uint.MaxValue);
        Poke(ApicRegister.SpuriousVector, byte.MaxValue);
        for (int i = 0; i < LvtEntry.Count; i++)
        {
            Poke(ApicRegister.LvtTimer + i, LvtEntry.Masked);
        }

        if (_engine.IsBoot)
        {
            Poke(ApicRegister.LvtLint0, VirtualWire);
        }

        Timer.Reset();
        Base.Update();
    }

    /// <summary>Gives the whole state. Call while the vCPU does not run.</summary>
    /// <returns>The state.</returns>
    public LocalApicState Save()
    {
        Timer.Serve();
        LocalApicState state = default;
        for (int i = 0; i < ApicRegisters.Length; i++)
        {
            state.Registers[i] = Registers.Look((ApicRegister)i);
        }

        state.Registers[(int)ApicRegister.CurrentCount] = Timer.CurrentCount;
        state.TimerDue = Timer.Due;
        state.TscDeadline = Timer.TscDeadline;
        state.PendingErrors = (uint)_pendingErrors;
        state.PendingStartup = Startup.Save();
        state.Inputs = Inputs.Save();
        return state;
    }

    /// <summary>Sets the whole state. Call while the vCPU does not run.</summary>
    /// <param name="state">The state.</param>
    public void Load(in LocalApicState state)
    {
        for (int i = 0; i < ApicRegisters.Length; i++)
        {
            uint value = state.Registers[i];
            switch ((ApicRegister)i)
            {
                case >= ApicRegister.InService and < ApicRegister.TriggerMode:
                    InService.SetRegister(i - (int)ApicRegister.InService, value);
                    break;
                case >= ApicRegister.TriggerMode and < ApicRegister.InterruptRequest:
                    LevelTriggered.SetRegister(i - (int)ApicRegister.TriggerMode, value);
                    break;
                case >= ApicRegister.InterruptRequest and < ApicRegister.ErrorStatus:
                    Requested.SetRegister(i - (int)ApicRegister.InterruptRequest, value);
                    break;
                default:
                    _registers[i] = value;
                    break;
            }
        }

        Volatile.Write(ref _pendingErrors, (int)state.PendingErrors);
        SetTaskPriority(TaskPriority);
        Startup.Load(state.PendingStartup);
        Inputs.Load(state.Inputs);
        Timer.Load(state.TimerDue, state.TscDeadline);
        _engine.Requests.Raise(PendingWork.Interrupt);
    }

    // What was held back may be deliverable now.
    private void PriorityChanged()
    {
        if (HasDeliverable)
        {
            _engine.Requests.Raise(PendingWork.Interrupt);
        }
    }

    // Intel SDM Vol. 3A, "Logical Destination Mode": flat, a bit for each of 8; clusters of 4; in x2APIC mode clusters of 16.
    private bool IsInLogical(uint destination)
    {
        const int ModelShift = 28;
        const uint FlatModel = 0xF;
        if (Base.IsX2Apic)
        {
            const int ClusterShift = 16;
            uint mine = Base.X2LogicalId;
            return destination >> ClusterShift == mine >> ClusterShift && (destination & mine & ushort.MaxValue) != 0;
        }

        uint own = Peek(ApicRegister.LogicalDestination) >> 24;
        bool isFlat = Peek(ApicRegister.DestinationFormat) >> ModelShift == FlatModel;
        return isFlat
            ? (destination & own) != 0
            : (destination & PriorityMask) == (own & PriorityMask) && (destination & own & 0xF) != 0;
    }
}
