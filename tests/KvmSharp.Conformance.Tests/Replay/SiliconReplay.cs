using KvmSharp.Conformance.Records;
using KvmSharp.Cpu;

namespace KvmSharp.Conformance.Replay;

/// <summary>Replays records of the silicon set.</summary>
internal sealed partial class SiliconReplay : IRecordReplay
{
    private const ulong InstructionAt = 0x2_0800;
    private const ulong RamSize = 0x10_0000;
    private const ulong SystemPages = 0x6_0000;
    private const byte CodeFiller = 0xF4; // HLT

    private readonly Kvm _kvm = Kvm.Open();
    private readonly VirtualMachine _vm;
    private readonly VirtualCpu _cpu;
    private readonly SiliconMeta _meta;
    private readonly GuestWindows _windows;
    private readonly ProtectedSystem _legacySystem;
    private readonly ProtectedSystem _longSystem;
    private readonly SiliconRecord _record = new();
    private readonly ulong[] _actual = new ulong[RegisterSlots.Count];
    private readonly FpuImage _actualFpu = new();
    private ulong _nextPage = SystemPages;

    /// <summary>Makes the machine.</summary>
    /// <param name="meta">The descriptors.</param>
    /// <param name="engine">The engine; with the translator each record runs in a loop until it is hot.</param>
    public SiliconReplay(SiliconMeta meta, EngineKind engine = EngineKind.Interpreter)
    {
        _meta = meta;
        _vm = _kvm.CreateVm();
        _vm.Engine = engine;
        _vm.SetUserMemoryRegion(new MemorySlot(0, 0, RamSize));
        _cpu = _vm.CreateVcpu(0);
        var code = new byte[ProtectedSystem.CodeWindowSize];
        Array.Fill(code, CodeFiller);
        _windows = new GuestWindows(
            new MemoryWindow(_vm.Memory, ProtectedSystem.DataWindow, Background(ProtectedSystem.DataWindow, ProtectedSystem.DataWindowSize)),
            new MemoryWindow(_vm.Memory, ProtectedSystem.ReadOnlyPage, Background(ProtectedSystem.ReadOnlyPage, ProtectedSystem.ReadOnlyPageSize)),
            new MemoryWindow(_vm.Memory, ProtectedSystem.CodeWindow, code));
        _legacySystem = new ProtectedSystem(_vm.Memory, meta, AllocatePage, isLong: false);
        _longSystem = new ProtectedSystem(_vm.Memory, meta, AllocatePage, isLong: true);
        if (engine == EngineKind.Translator)
        {
            _legacySystem.HaltInHandlers(AllocatePage);
            _longSystem.HaltInHandlers(AllocatePage);
        }
    }

    /// <inheritdoc/>
    public StepRecord Record => _record;

    /// <inheritdoc/>
    public SkipRule? Replay(string group, ReadOnlySpan<byte> line, List<Difference> differences)
    {
        string mode = group[..group.IndexOf('/', StringComparison.Ordinal)];
        bool isLong = mode == "m64";
        ProtectedSystem system = isLong ? _longSystem : _legacySystem;
        _record.SetDefaultSelectors(_meta.DefaultSelectors(mode));
        _record.Read(line);
        if (_vm.Engine == EngineKind.Translator)
        {
            return ReplayHot(system, isLong, differences);
        }

        Place();
        try
        {
            SetState(system);
            ulong count = Stepper.Step(_cpu, _record, differences);
            if (_record.IsRepeated && count > 1 && ProtectedSystem.IsHandler(_cpu.GetRegisters().Rip, out _))
            {
                // Stopping between iterations, as an interrupt does, shows the flags so far; a fault in one go does not.
                Restore();
                Place();
                SetState(system);
                _cpu.Run(count);
            }

            Compare(system, isLong, differences);
        }
        catch (KvmException e)
        {
            differences.Add(new Difference("machine", "takes the state", e.Message));
        }

        Restore();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _vm.Dispose();
        _kvm.Dispose();
    }

    private static byte[] Background(ulong address, ulong size)
    {
        var bytes = new byte[size];
        for (ulong i = 0; i < size; i++)
        {
            ulong a = address + i;
            bytes[i] = (byte)((a * 0x35) + ((a >> 8) * 0x1D) + 0x5A);
        }

        return bytes;
    }

    private ulong AllocatePage()
    {
        ulong page = _nextPage;
        _nextPage += 0x1000;
        return page;
    }

    private void Place()
    {
        _windows.Place(_record);
        _windows.Place(InstructionAt, _record.Code);
        Stepper.Settle(_cpu);
    }

    private void Restore()
    {
        _windows.Restore(_record);
        _windows.Restore(InstructionAt, _record.Code.Length);
    }

    private void Compare(ProtectedSystem system, bool isLong, List<Difference> differences)
    {
        GetState(system, isLong ? ulong.MaxValue : uint.MaxValue);
        Stepper.CompareRegisters(_record, _actual, Rflags.Resume, differences);
        FpuComparison.Compare(_record, _actualFpu, differences);
        _windows.Compare(_record, differences);
    }

    private void SetState(ProtectedSystem system)
    {
        ulong[] r = _record.Initial;
        _cpu.SetSpecialRegisters(system.RegistersFor(r.AsSpan(RegisterSlots.Es, RegisterSlots.SegmentCount)));
        _cpu.SetRegisters(new GeneralRegisters
        {
            Rax = r[0],
            Rcx = r[1],
            Rdx = r[2],
            Rbx = r[3],
            Rsp = r[4],
            Rbp = r[5],
            Rsi = r[6],
            Rdi = r[7],
            R8 = r[8],
            R9 = r[9],
            R10 = r[10],
            R11 = r[11],
            R12 = r[12],
            R13 = r[13],
            R14 = r[14],
            R15 = r[15],
            Rip = r[RegisterSlots.Ip],
            Rflags = r[RegisterSlots.Flags],
        });
        FpuTransfer.Set(_cpu, _record.InitialFpu);
    }

    private unsafe void GetState(ProtectedSystem system, ulong width)
    {
        ref CpuState state = ref _cpu.Engine.Cpu->State;
        for (int i = 0; i < RegisterSlots.GeneralCount; i++)
        {
            _actual[i] = state.General[i] & width;
        }

        _actual[RegisterSlots.Ip] = state.Rip;
        _actual[RegisterSlots.Flags] = state.Rflags;
        for (int i = 0; i < RegisterSlots.SegmentCount; i++)
        {
            _actual[RegisterSlots.Es + i] = state.Segments[i].Selector;
        }

        _actual[RegisterSlots.Vector] = RegisterSlots.NoException;
        _actual[RegisterSlots.ErrorCode] = 0;
        _actual[RegisterSlots.FaultAddress] = 0;
        FpuTransfer.Get(_cpu, _actualFpu);
        if (ProtectedSystem.IsHandler(state.Rip, out int vector))
        {
            TakeFrame(system, state, vector);
        }
    }

    // What the handler sees of the interrupted program.
    private void TakeFrame(ProtectedSystem system, in CpuState state, int vector)
    {
        bool hasErrorCode = vector is 8 or (>= 10 and <= 14) or 17;
        Span<ulong> frame = stackalloc ulong[hasErrorCode ? 6 : 5];
        _actual[RegisterSlots.Vector] = (uint)vector;
        if (!system.TryReadFrame(state.General[GeneralRegisterFile.Rsp], frame))
        {
            return; // RIP, RSP and CS then differ from the record
        }

        if (hasErrorCode)
        {
            _actual[RegisterSlots.ErrorCode] = frame[0];
            frame = frame[1..];
        }

        _actual[RegisterSlots.FaultAddress] = (Vector)vector == Vector.PageFault ? state.Cr2 : 0;
        _actual[RegisterSlots.Ip] = frame[0];
        _actual[RegisterSlots.Cs] = frame[1];
        _actual[RegisterSlots.Flags] = frame[2];
        _actual[RegisterSlots.Sp] = frame[3];
        _actual[RegisterSlots.Ss] = frame[4];
    }
}
