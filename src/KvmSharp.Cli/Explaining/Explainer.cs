using System.Globalization;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Explains an event of a trace, or the state of a machine that stands still: what it was, why, what real hardware would have told, where to look next.</summary>
/// <param name="symbols">Names of addresses, or null.</param>
internal sealed class Explainer(SymbolTable? symbols)
{
    /// <summary>Explains an event.</summary>
    /// <param name="record">The event.</param>
    /// <param name="before">What came before it, the latest last; the faults on the way to a shutdown are among them.</param>
    public Explanation Explain(TraceRecord record, IReadOnlyList<TraceRecord> before)
    {
        var explanation = new Explanation();
        explanation.Add($"Event {record.Seq}: {TitleOf(record)}", [PlaceOf(record)]);
        explanation.Add("Instruction", InstructionOf(record));
        explanation.Add("Mode", record.State is { } view ? [ModeOf(view)] : []);
        switch (record.Kind)
        {
            case "fault":
                AddFault(explanation, record, before);
                break;
            case "exit":
                AddExit(explanation, record, before);
                break;
            case "port" or "unmapped" when record.Kind == "port" || record.Detail == "port":
                explanation.Add("Device register", PortOf(record));
                break;
            case "mmio" or "unmapped":
                explanation.Add("Device", [$"{Access(record)} at {record.Address:X}h: {MmioPlaces.Describe(record.Address ?? 0, DirectionOf(record))}."]);
                break;
            case "halt":
                explanation.Add("Halt", Halts(record.State));
                break;
            case "memory":
                explanation.Add("Access", [$"{Access(record)} at {record.Address:X}h."]);
                break;
        }

        explanation.Add("On real hardware", RealHardware.Lines(record));
        explanation.Add("What to look at next", Advice.Lines(record));
        return explanation;
    }

    /// <summary>Explains where a machine stands that nothing has just happened to.</summary>
    public Explanation ExplainState(VcpuView view, TraceRecord place)
    {
        var explanation = new Explanation();
        explanation.Add(view.Halted ? "The processor is halted" : "The processor stands between two instructions", [PlaceOf(place)]);
        explanation.Add(view.Halted ? "Next instruction" : "Instruction", InstructionOf(place));
        explanation.Add("Mode", [ModeOf(view)]);
        explanation.Add("Halt", view.Halted ? Halts(view) : []);
        explanation.Add("On real hardware", view.Halted ? RealHardware.Lines(place with { Kind = "halt" }) : []);
        explanation.Add("What to look at next", view.Halted ? Advice.Lines(place with { Kind = "halt" }) : ["`kvmsharp regs`, `kvmsharp disasm` and `kvmsharp walk` on the same file."]);
        return explanation;
    }

    private static string TitleOf(TraceRecord record) => record.Kind switch
    {
        "fault" => ExceptionNames.NameOf(record.Vector ?? 0),
        "interrupt" => record.Vector == ExceptionNames.Nmi ? "NMI" : $"external interrupt, vector {record.Vector:X2}h",
        "softwareInterrupt" => $"INT {record.Vector:X2}h",
        "halt" => "HLT",
        "exit" => record.Reason switch
        {
            "Shutdown" => "shutdown (triple fault)",
            "Hlt" => "a halt that nothing can end",
            "SystemEvent" => $"system event: {record.Detail}",
            "InternalError" => $"internal error: {record.Detail}",
            _ => $"exit {record.Reason}",
        },
        "port" => $"{(record.Direction == "read" ? "IN" : "OUT")} at port {record.Address:X}h",
        "mmio" => $"MMIO {record.Direction}",
        "hypercall" => $"hypercall {record.Address:X}h",
        "memory" => $"{record.Direction} of watched memory",
        "console" => $"console byte {record.Value:X2}h",
        "instruction" => "an instruction begins",
        "unmapped" => "an access that no device answers",
        _ => record.Kind,
    };

    private static string Access(TraceRecord record) =>
        $"{(record.Direction == "read" ? "A read" : "A write")} of {record.Width} byte{(record.Width == 1 ? string.Empty : "s")}{(record.Count > 1 ? $", {record.Count} times," : string.Empty)} ({record.Value:X}h)";

    private static ExitDirection DirectionOf(TraceRecord record) => record.Direction == "read" ? ExitDirection.Read : ExitDirection.Write;

    private static string ModeOf(VcpuView view)
    {
        string paging = view.IsPaging ? "paging on" : "paging off";
        string interrupts = (view.General.Rflags & ControlBits.InterruptFlag) != 0 ? "interrupts on (IF = 1)" : "interrupts off (IF = 0)";
        return string.Create(CultureInfo.InvariantCulture, $"{view.ModeName}, CPL {view.Cpl}, {paging}, {interrupts}; CR0={view.Special.Cr0:X}h CR3={view.Special.Cr3:X}h CR4={view.Special.Cr4:X}h EFER={view.Special.Efer:X}h.");
    }

    private static IEnumerable<string> PortOf(TraceRecord record)
    {
        if (PortRegisters.Find(record.Address ?? 0, DirectionOf(record)) is not { } register)
        {
            yield return $"{Access(record)} at port {record.Address:X}h: no device is there; reads give all ones, writes are lost.";
            yield break;
        }

        yield return $"{Access(record)} at port {record.Address:X}h: {register.Device}, {register.NameAt(record.Address ?? 0)}.";
        if (RegisterFields.Describe(register.Fields, record.Value ?? 0) is { Length: > 0 } bits)
        {
            yield return $"{record.Value:X2}h: {bits}.";
        }
    }

    private static IEnumerable<string> Halts(VcpuView? view)
    {
        bool on = view is not null && (view.General.Rflags & ControlBits.InterruptFlag) != 0;
        yield return on
            ? "IF is 1: any interrupt that is not masked at its chip wakes the processor, which then goes on behind the HLT."
            : "IF is 0: only an NMI or a reset (with several processors also INIT) can wake it. Systems stop themselves like this.";
    }

    private static void AddFault(Explanation explanation, TraceRecord record, IReadOnlyList<TraceRecord> before)
    {
        int vector = record.Vector ?? 0;
        if (record.State is not { } view)
        {
            return;
        }

        if (vector == ExceptionNames.PageFault)
        {
            explanation.Add("Error code", [ErrorCodes.OfPageFault(record.Error ?? 0)]);
            explanation.Add("Page walk", view.Walk is { } walk ? PageWalkText.Lines(walk, view.WalkAccess, view.Special) : []);
        }
        else if (view.Named is { } named)
        {
            explanation.Add("Error code", [ErrorCodes.OfSelector(record.Error ?? 0)]);
            explanation.Add("Descriptor that refused", [new DescriptorText(named, view.IsLong).Line, new DescriptorRules(view, vector, (record.Error & 1) != 0).Refusal(named)]);
        }
        else
        {
            explanation.Add("Cause", FaultCauses.Of(view, vector));
        }

        explanation.Add("On the way", vector == ExceptionNames.DoubleFault ? Chain(before) : []);
        explanation.Add("Handler", view.Gate is { } gate ? GateOf(gate, view) : []);
    }

    private static void AddExit(Explanation explanation, TraceRecord record, IReadOnlyList<TraceRecord> before)
    {
        switch (record.Reason)
        {
            case "Shutdown":
                explanation.Add("Cause", ["A fault came while the double-fault handler was being called: there is nothing left to call, so the processor shuts down, and a PC resets."]);
                explanation.Add("On the way", Chain(before));
                AddRefusingGate(explanation, before);
                break;
            case "Hlt":
                explanation.Add("Halt", Halts(record.State));
                break;
            case "SystemEvent":
                explanation.Add("Cause", ["The guest asked the board: through ACPI's PM1 control (604h), the reset control register (CF9h), the keyboard controller (64h), port 92h or the debug-exit port. The port access before this event tells which."]);
                explanation.Add("On the way", before.Where(static r => r.Kind == "port").TakeLast(1).Select(static r => $"event {r.Seq}: {Access(r)} at port {r.Address:X}h"));
                break;
            case "InternalError":
                explanation.Add("Cause", [record.Code is null ? "The guest executes an address without memory." : "The processor offers this instruction, but KvmSharp does not carry it out."]);
                break;
        }
    }

    // The faults that led here: those of the same delivery have the same count of instructions.
    private static IEnumerable<string> Chain(IReadOnlyList<TraceRecord> before)
    {
        long? at = before.LastOrDefault(static r => r.Kind is "fault" or "softwareInterrupt" or "interrupt")?.Instructions;
        return before.Where(r => r.Kind is "fault" or "softwareInterrupt" or "interrupt" && r.Instructions == at)
            .Select(static r => $"event {r.Seq}: {TitleOf(r)}{(r.Error is { } error ? $", error code {error:X}h" : string.Empty)}{(r.Address is { } address ? $", address {address:X}h" : string.Empty)}, at {r.Cs:X4}:{r.Rip:X8}");
    }

    private static void AddRefusingGate(Explanation explanation, IReadOnlyList<TraceRecord> before)
    {
        if (before.LastOrDefault(static r => r.Kind == "fault") is { State: { Gate: { } gate } view })
        {
            explanation.Add("Why it could not be called", GateOf(gate, view));
        }
    }

    private static IEnumerable<string> GateOf(DescriptorRead gate, VcpuView view)
    {
        var text = new DescriptorText(gate, view.IsLong);
        yield return text.Line;
        if (gate is { InTable: true, Readable: true } && gate.Table == DescriptorTableKind.Idt && (!text.IsEventGate || !text.IsPresent))
        {
            yield return text.IsEventGate ? "P is 0, so the event cannot be taken." : $"It is no gate for events but a {text.Kind}, so the event cannot be taken.";
        }
    }

    private string PlaceOf(TraceRecord record)
    {
        string symbol = symbols?.Describe(record.Rip + (record.State?.Special.Cs.Base ?? 0)) is { } name ? $" ({name})" : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"vCPU {record.Vcpu} at {record.Cs:X4}:{record.Rip:X8}{symbol}, behind {record.Instructions} instructions, {record.Time} ns of virtual time.");
    }

    private static IEnumerable<string> InstructionOf(TraceRecord record)
    {
        byte[]? code = record.Code is { } digits ? Convert.FromHexString(digits) : record.State?.Code;
        int bits = record.Bits ?? record.State?.Bits ?? 16;
        if (code is null || record.Kind is "interrupt" or "console")
        {
            yield break;
        }

        if (code.Length == 0)
        {
            yield return "It cannot be read: there is no memory at its address, or its page is not mapped.";
            yield break;
        }

        DisassembledInstruction instruction = Disassembler.Decode(code, bits, record.Rip, most: 1)[0];
        yield return $"{Convert.ToHexString(instruction.Bytes.Span)}  {instruction.Text}";
        if (record.State is { OperandAddress: { } operand } view)
        {
            string bytes = view.Operand is { Length: > 0 } found ? $", which holds {Convert.ToHexString(found.AsSpan(0, Math.Min(8, found.Length)))}" : string.Empty;
            yield return $"Its memory operand is at linear {operand:X}h{bytes}.";
        }
    }
}
