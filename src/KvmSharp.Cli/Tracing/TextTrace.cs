using System.Globalization;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>An event as a line of text, its kind first.</summary>
internal static class TextTrace
{
    private const int MostDataBytes = 16; // of a string instruction's data

    public static string Line(PcMachine machine, in TraceEvent traced, ReadOnlySpan<byte> data)
    {
        VmExit exit = traced.Exit;
        string direction = traced.Direction == ExitDirection.Read ? "read" : "write";
        return traced.Kind switch
        {
            TraceEventKind.Port => Lower($"exit io {direction} port={exit.Port:X}h width={exit.Width} count={exit.Count} data={Data(data, exit.Width)}"),
            TraceEventKind.Mmio => Lower($"exit mmio {direction} address={exit.Address:X}h width={exit.Width} data={Data(data, exit.Width)}"),
            TraceEventKind.Hypercall => Lower($"exit hypercall number={exit.Address:X}h result={traced.Value:X}h"),
            TraceEventKind.Exit => Lower($"exit {exit.Reason}{Detail(exit)}"),
            TraceEventKind.Interrupt => $"interrupt vector={traced.Vector:X2}h",
            TraceEventKind.SoftwareInterrupt => $"softwareinterrupt vector={traced.Vector:X2}h",
            TraceEventKind.Fault => $"exception vector={traced.Vector:X2}h{Error(traced)}",
            TraceEventKind.Halt => $"halt {Place(traced)}",
            TraceEventKind.Memory => $"memory {direction} address={traced.Address:X}h width={traced.Width} value={traced.Value:X}h at {Place(traced)}",
            TraceEventKind.Console => $"console {(TraceConsole)traced.Address} byte={traced.Value:X2}h".ToLowerInvariant(),
            TraceEventKind.Unmapped => $"unmapped {new UnmappedAccess(exit.Reason == VmExitReason.Io ? AccessSpace.Port : AccessSpace.Memory, exit.Direction, exit.Address, exit.Width, exit.Value)}",
            _ => Instruction(machine, traced),
        };
    }

    private static string Lower(string line) => line.ToLower(CultureInfo.InvariantCulture);

    private static string Place(in TraceEvent traced) => $"{traced.Position.CodeSegment:X4}:{traced.Position.Rip:X8}";

    private static string Detail(in VmExit exit) => exit.Reason switch
    {
        VmExitReason.SystemEvent => $" {exit.SystemEvent}",
        VmExitReason.InternalError => $" {exit.InternalError}",
        VmExitReason.Intercept => $" {exit.Intercept}",
        _ => string.Empty,
    };

    private static string Error(in TraceEvent traced) =>
        (traced.ErrorCode is { } code ? $" error={code:X}h" : string.Empty)
        + (traced.Vector == ExceptionNames.PageFault ? $" address={traced.Address:X}h" : string.Empty);

    private static string Instruction(PcMachine machine, in TraceEvent traced)
    {
        CodePlace place = CodePlace.Of(machine.Vcpus[traced.VcpuId], machine.Memory);
        if (place.Bytes.IsEmpty)
        {
            return $"instruction {Place(traced)} (not readable)";
        }

        Iced.Intel.Instruction instruction = InstructionText.Decode(place.Bytes.Span, place.CodeBits, place.InstructionPointer);
        string bytes = Convert.ToHexString(place.Bytes.Span[..instruction.Length]);
        return $"instruction {Place(traced)} {bytes,-16} {InstructionText.Of(instruction)}";
    }

    private static string Data(ReadOnlySpan<byte> data, int width)
    {
        string text = string.Empty;
        int shown = Math.Min(data.Length, Math.Max(MostDataBytes, width));
        for (int at = 0; at + width <= shown; at += width)
        {
            for (int lane = width - 1; lane >= 0; lane--)
            {
                text += data[at + lane].ToString("X2", CultureInfo.InvariantCulture);
            }

            text += at + (2 * width) <= shown ? "h," : "h";
        }

        return shown < data.Length ? text + ",..." : text;
    }
}
