using KvmSharp.Conformance.Records;
using KvmSharp.Cpu;

namespace KvmSharp.Conformance.Replay;

/// <summary>Replays records of the real-mode set.</summary>
internal sealed class RealModeReplay : IRecordReplay
{
    private const int RamSize = 0x11_0000; // 1 MiB and what FFFF:FFFF reaches above it
    private const ulong NotRecorded = 0xFFFF_0000; // FLAGS has 16 bits

    private readonly Kvm _kvm = Kvm.Open();
    private readonly VirtualMachine _vm;
    private readonly VirtualCpu _cpu;
    private readonly GuestWindows _windows;
    private readonly RealModeRecord _record = new();
    private readonly ulong[] _actual = new ulong[RegisterSlots.Count];

    public RealModeReplay()
    {
        _vm = _kvm.CreateVm();
        _vm.SetUserMemoryRegion(new MemorySlot(0, 0, RamSize));
        _vm.ExitHandler = new EmptyPorts();
        _cpu = _vm.CreateVcpu(0);
        _windows = new GuestWindows(new MemoryWindow(_vm.Memory, 0, new byte[RamSize]));
    }

    /// <inheritdoc/>
    public StepRecord Record => _record;

    /// <inheritdoc/>
    public SkipRule? Replay(string group, ReadOnlySpan<byte> line, List<Difference> differences)
    {
        _record.Read(line);
        if (SkipRule.Find(_record) is { } rule)
        {
            return rule;
        }

        _windows.Place(_record);
        Stepper.Settle(_cpu);
        SetState();
        Stepper.Step(_cpu, _record, differences);
        GetState();
        Stepper.CompareRegisters(_record, _actual, NotRecorded, differences);
        _windows.Compare(_record, differences);
        _windows.Restore(_record);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _vm.Dispose();
        _kvm.Dispose();
    }

    private void SetState()
    {
        ulong[] r = _record.Initial;
        _cpu.SetSpecialRegisters(new SpecialRegisters
        {
            Es = SegmentRegister.RealMode((ushort)r[RegisterSlots.Es]),
            Cs = SegmentRegister.RealMode((ushort)r[RegisterSlots.Cs]),
            Ss = SegmentRegister.RealMode((ushort)r[RegisterSlots.Ss]),
            Ds = SegmentRegister.RealMode((ushort)r[RegisterSlots.Ds]),
            Fs = SegmentRegister.RealMode(0),
            Gs = SegmentRegister.RealMode(0),
            Idt = new DescriptorTable(0, ushort.MaxValue),
        });
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
            Rip = r[RegisterSlots.Ip],
            Rflags = r[RegisterSlots.Flags],
        });
    }

    private unsafe void GetState()
    {
        ref CpuState state = ref _cpu.Engine.Cpu->State;
        for (int i = 0; i < RegisterSlots.GeneralCount; i++)
        {
            _actual[i] = state.General[i];
        }

        _actual[RegisterSlots.Ip] = state.Rip;
        _actual[RegisterSlots.Flags] = state.Rflags;
        for (int i = 0; i < RegisterSlots.SegmentCount; i++)
        {
            _actual[RegisterSlots.Es + i] = state.Segments[i].Selector;
        }
    }

    /// <summary>Ports with nothing behind them: reads give ones.</summary>
    private sealed class EmptyPorts : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data)
        {
            if (vmExit.Reason != VmExitReason.Io)
            {
                return false;
            }

            if (vmExit.Direction == ExitDirection.Read)
            {
                data.Fill(byte.MaxValue);
            }

            return true;
        }
    }
}
