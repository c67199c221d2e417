using System.Globalization;
using Iced.Intel;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Turns the end of a run into an exit status and, where the status alone does not tell, a sentence for standard error.</summary>
internal static class StopReport
{
    /// <summary>The status, and the sentence or null.</summary>
    public static (int Status, string? Message) Describe(MachineStop stop, StopCause cause, RunSettings settings) => stop.Reason switch
    {
        // However the guest ended: what it said is lost.
        _ when cause == StopCause.OutputClosed => DescribeCause(cause),
        MachineStopReason.PowerOff or MachineStopReason.Halted or MachineStopReason.Reset => (ExitStatus.Success, null),
        MachineStopReason.DebugExit => (stop.DebugExitStatus & 0xFF, null),
        MachineStopReason.TripleFault => (ExitStatus.TripleFault, "The guest met a triple fault: an exception while its double-fault handler was called."),
        MachineStopReason.Budget => (ExitStatus.Budget, string.Create(CultureInfo.InvariantCulture, $"The budget of {settings.MaxInstructions} instructions is used up.")),
        MachineStopReason.Cancelled => DescribeCause(cause),
        MachineStopReason.Killed => (ExitStatus.Interrupted, null),
        MachineStopReason.NothingToBoot => (ExitStatus.Image, stop.Explanation),
        MachineStopReason.UnmappedAccess => (ExitStatus.Unsupported, $"The guest made a {stop.Unmapped}, where no device is."),
        _ => (ExitStatus.Unsupported, DescribeUnsupported(stop.Unsupported!)),
    };

    private static (int Status, string? Message) DescribeCause(StopCause cause) => cause switch
    {
        StopCause.TimedOut => (ExitStatus.Timeout, "The time limit has passed."),
        StopCause.OutputClosed => (ExitStatus.Host, "The guest's output can no longer be written: its reader has closed it, or the disk is full."),
        _ => (ExitStatus.Interrupted, null),
    };

    private static string DescribeUnsupported(UnsupportedInstruction at)
    {
        string place = $"at {at.CodeSegment:X4}:{at.InstructionPointer:X8}";
        if (at.Bytes.Length == 0)
        {
            return $"The guest executes an address without memory, {place}.";
        }

        byte[] bytes = at.Bytes.ToArray();
        Decoder decoder = Decoder.Create(at.CodeBits, bytes);
        decoder.IP = at.InstructionPointer;
        Instruction instruction = decoder.Decode();
        if (instruction.IsInvalid)
        {
            return $"The guest needs an instruction that is not emulated, {place}: bytes {Hex(bytes)}.";
        }

        var output = new StringOutput();
        new NasmFormatter().Format(instruction, output);
        return $"The guest needs an instruction that is not emulated, {place}: {output.ToStringAndReset()}, bytes {Hex(bytes.AsSpan(0, instruction.Length))}.";
    }

    private static string Hex(ReadOnlySpan<byte> bytes)
    {
        string digits = Convert.ToHexString(bytes);
        return string.Join(' ', Enumerable.Range(0, bytes.Length).Select(i => digits.Substring(2 * i, 2)));
    }
}
