using System.Globalization;
using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>Turns the end of a run into a verdict.</summary>
/// <param name="passValues">The values of the debug-exit port that mean success.</param>
internal sealed class VerdictReader(IReadOnlyCollection<int> passValues)
{
    /// <summary>Reads a stop.</summary>
    /// <param name="stop">The stop.</param>
    /// <param name="panic">The guest's last words, if it panicked.</param>
    public Verdict Read(MachineStop stop, string? panic) => stop.Reason switch
    {
        _ when panic is not null => new Verdict.GuestPanic(panic),
        MachineStopReason.DebugExit => OfCode(stop.DebugExitStatus >> 1),
        MachineStopReason.PowerOff => new Verdict.Passed(),
        MachineStopReason.Halted => new Verdict.Halted(),
        MachineStopReason.Reset => new Verdict.Reset(),
        MachineStopReason.TripleFault => new Verdict.TripleFault(),
        MachineStopReason.Budget => new Verdict.Budget(),
        MachineStopReason.Requested or MachineStopReason.Cancelled or MachineStopReason.Debug or MachineStopReason.Killed => new Verdict.Stopped(),
        MachineStopReason.NothingToBoot => new Verdict.Unsupported(default, stop.Explanation ?? "nothing to boot"),
        MachineStopReason.UnmappedAccess => new Verdict.Unsupported(default, $"a {stop.Unmapped}, where no device is"),
        _ => OfInstruction(stop.Unsupported!),
    };

    private Verdict OfCode(int code) => passValues.Contains(code) ? new Verdict.Passed() : new Verdict.Failed(code);

    private static Verdict.Unsupported OfInstruction(UnsupportedInstruction at)
    {
        string place = string.Create(CultureInfo.InvariantCulture, $"{at.CodeSegment:X4}:{at.InstructionPointer:X8}");
        string what = at.Bytes.IsEmpty ? $"code without memory at {place}" : $"the instruction {Convert.ToHexString(at.Bytes.Span)} at {place}";
        return new Verdict.Unsupported(at.Bytes, what);
    }
}
