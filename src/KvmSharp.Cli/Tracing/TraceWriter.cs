using System.Globalization;
using Iced.Intel;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Writes a trace as lines of text: one event a line, its kind first.</summary>
internal sealed class TraceWriter : IMachineTrace, IDisposable
{
    private const int MostDataBytes = 16; // of a string instruction's data

    private readonly TextWriter _writer;
    private readonly bool _ownsWriter;
    private readonly NasmFormatter _formatter = new();
    private readonly StringOutput _text = new();

    private TraceWriter(TraceKinds kinds, TextWriter writer, bool ownsWriter)
    {
        Kinds = kinds;
        _writer = writer;
        _ownsWriter = ownsWriter;
    }

    /// <inheritdoc/>
    public TraceKinds Kinds { get; }

    /// <summary>Makes a trace, or null when none is asked for.</summary>
    public static TraceWriter? Create(RunSettings settings)
    {
        if (settings.Trace == TraceKinds.None)
        {
            return null;
        }

        return settings.TraceFile is null
            ? new TraceWriter(settings.Trace, StandardStreams.Errors, ownsWriter: false)
            : new TraceWriter(settings.Trace, new StreamWriter(HostFiles.Create(settings.TraceFile, "trace")), ownsWriter: true);
    }

    /// <inheritdoc/>
    public void OnExit(in VmExit vmExit, ReadOnlySpan<byte> data)
    {
        string direction = vmExit.Direction == ExitDirection.Read ? "read" : "write";
        string line = vmExit.Reason switch
        {
            VmExitReason.Io => $"exit io {direction} port={vmExit.Port:X}h width={vmExit.Width} count={vmExit.Count} data={Data(data, vmExit.Width)}",
            VmExitReason.Mmio => $"exit mmio {direction} address={vmExit.Address:X}h width={vmExit.Width} data={Data(data, vmExit.Width)}",
            VmExitReason.SystemEvent => $"exit systemevent {vmExit.SystemEvent}",
            VmExitReason.Intr => $"exit intr {vmExit.InterruptCause}",
            VmExitReason.InternalError => $"exit internalerror {vmExit.InternalError}",
            _ => $"exit {vmExit.Reason}",
        };
        _writer.WriteLine(line.ToLower(CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public void OnInstruction(VirtualCpu vcpu, IGuestMemory memory)
    {
        CodePlace place = CodePlace.Of(vcpu, memory);
        if (place.Bytes.IsEmpty)
        {
            _writer.WriteLine($"instruction {place.CodeSegment:X4}:{place.InstructionPointer:X8} (not readable)");
            return;
        }

        Decoder decoder = Decoder.Create(place.CodeBits, place.Bytes.ToArray());
        decoder.IP = place.InstructionPointer;
        Instruction instruction = decoder.Decode();
        _formatter.Format(instruction, _text);
        string bytes = Convert.ToHexString(place.Bytes.Span[..instruction.Length]);
        _writer.WriteLine($"instruction {place.CodeSegment:X4}:{place.InstructionPointer:X8} {bytes,-16} {_text.ToStringAndReset()}");
    }

    /// <inheritdoc/>
    public void OnInterrupt(byte vector, bool isExternal, uint? errorCode)
    {
        string error = errorCode is { } code ? $" error={code:X}h" : string.Empty;
        _writer.WriteLine($"{(isExternal ? "interrupt" : "exception")} vector={vector:X2}h{error}");
    }

    /// <inheritdoc/>
    public void OnUnmapped(in UnmappedAccess access) => _writer.WriteLine($"unmapped {access}");

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsWriter)
        {
            _writer.Dispose();
        }
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
