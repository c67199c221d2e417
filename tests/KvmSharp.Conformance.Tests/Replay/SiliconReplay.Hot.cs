using KvmSharp.Conformance.Records;

namespace KvmSharp.Conformance.Replay;

/// <summary>Replays a record until its code is hot, and goes on into a loop that changes nothing: translated code needs a budget of more than one instruction.</summary>
internal sealed partial class SiliconReplay
{
    private const int Rounds = 5; // the translator takes what has run twice
    private const ulong Budget = 64;
    private static readonly byte[] JumpToItself = [0xEB, 0xFE];

    private static readonly SkipRule NotLooped = new("Repeats itself, or goes on where no loop can be placed: replayed by the interpreter only", "(Replay/SiliconReplay.Hot.cs)");

    // What runs behind it would meet the trap.
    private bool Traps => (_record.Expected[RegisterSlots.Flags] & Cpu.Rflags.Trap) != 0;

    private bool Faults => _record.Expected[RegisterSlots.Vector] != RegisterSlots.NoException;

    private SkipRule? ReplayHot(ProtectedSystem system, bool isLong, List<Difference> differences)
    {
        SegmentRegister code = system.RegistersFor(_record.Initial.AsSpan(RegisterSlots.Es, RegisterSlots.SegmentCount)).Cs;
        ulong next = _record.Expected[RegisterSlots.Ip] + (isLong ? 0 : code.Base);
        if (_record.IsRepeated || Traps || !(Faults || CanLoopAt(next)) || TouchesCode(_record.InitialMemory) || TouchesCode(_record.FinalMemory))
        {
            return NotLooped;
        }

        // The code is written once: writing it drops what was made of it.
        _windows.Place(InstructionAt, _record.Code);
        if (!Faults)
        {
            _windows.Place(next, JumpToItself);
        }

        for (int round = 0; round < Rounds && differences.Count == 0; round++)
        {
            _windows.Place(_record);
            Stepper.Settle(_cpu);
            try
            {
                SetState(system);
                RunOn();
                Compare(system, isLong, differences);
            }
            catch (KvmException e)
            {
                differences.Add(new Difference("machine", "takes the state", e.Message));
            }

            _windows.Restore(_record);
        }

        Restore();
        if (!Faults)
        {
            _windows.Restore(next, JumpToItself.Length);
        }

        return null;
    }

    private void RunOn()
    {
        VmExit vmExit = _cpu.Run(Budget);
        GeneralRegisters registers = _cpu.GetRegisters();
        if (vmExit.Reason == VmExitReason.Hlt && ProtectedSystem.IsHandler(registers.Rip - 1, out _))
        {
            _cpu.SetRegisters(registers with { Rip = registers.Rip - 1 }); // where the handler began
        }
    }

    private bool CanLoopAt(ulong next) =>
        _record.Expected[RegisterSlots.Cs] == _record.Initial[RegisterSlots.Cs]
        && IsCode(next, JumpToItself.Length)
        && (next >= InstructionAt + (ulong)_record.Code.Length || next + (ulong)JumpToItself.Length <= InstructionAt);

    private static bool TouchesCode(MemoryRuns runs)
    {
        for (int i = 0; i < runs.Count; i++)
        {
            if (IsCode(runs.AddressOf(i), 0))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsCode(ulong address, int length) => address - ProtectedSystem.CodeWindow <= ProtectedSystem.CodeWindowSize - (ulong)length;
}
