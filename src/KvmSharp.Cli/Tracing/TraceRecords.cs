using Iced.Intel;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Makes records of events, with what an explanation needs as far as only the moment of the event can tell it.</summary>
internal static class TraceRecords
{
    private const int MostDataBytes = 64;

    /// <summary>Makes the record of an event that is just happening.</summary>
    public static TraceRecord Of(PcMachine machine, in TraceEvent traced, ReadOnlySpan<byte> data)
    {
        var record = new TraceRecord
        {
            Seq = (long)traced.Sequence,
            Kind = NameOf(traced.Kind),
            Vcpu = traced.VcpuId,
            Instructions = (long)traced.Position.Instructions,
            Time = traced.Time,
            Cs = traced.Position.CodeSegment,
            Rip = traced.Position.Rip,
        };
        VirtualCpu vcpu = machine.Vcpus[traced.VcpuId];
        switch (traced.Kind)
        {
            case TraceEventKind.Port or TraceEventKind.Mmio or TraceEventKind.Hypercall:
                return WithCode(WithExit(record, traced), vcpu, machine.Memory) with
                {
                    Direction = DirectionOf(traced),
                    Address = traced.Address,
                    Width = traced.Width,
                    Count = traced.Exit.Count,
                    Data = Convert.ToHexStringLower(data[..Math.Min(data.Length, MostDataBytes)]),
                    Value = traced.Value,
                };
            case TraceEventKind.Exit:
                return WithCode(WithExit(record, traced), vcpu, machine.Memory) with { State = VcpuView.Of(vcpu, machine.Memory) };
            case TraceEventKind.Fault or TraceEventKind.SoftwareInterrupt or TraceEventKind.Interrupt:
                record = record with
                {
                    Vector = traced.Vector,
                    Error = traced.ErrorCode,
                    Address = traced.Kind == TraceEventKind.Fault && traced.Vector == ExceptionNames.PageFault ? traced.Address : null,
                };
                return traced.Kind != TraceEventKind.Fault ? record
                    : WithCode(record, vcpu, machine.Memory) with { State = VcpuView.Of(vcpu, machine.Memory, traced.Vector, traced.ErrorCode, traced.Address) };
            case TraceEventKind.Halt:
                return record with { State = VcpuView.Of(vcpu, machine.Memory) };
            case TraceEventKind.Instruction:
                return WithCode(record, vcpu, machine.Memory);
            case TraceEventKind.Memory or TraceEventKind.Unmapped:
                return record with
                {
                    Direction = DirectionOf(traced),
                    Detail = traced.Kind == TraceEventKind.Memory ? null : traced.Exit.Reason == VmExitReason.Io ? "port" : "memory",
                    Address = traced.Address,
                    Width = traced.Width,
                    Value = traced.Value,
                };
            default:
                return record with
                {
                    Console = traced.Address == (ulong)TraceConsole.Serial ? "serial" : "virtio",
                    Value = traced.Value,
                    Text = traced.Value is >= 0x20 and < 0x7F ? ((char)traced.Value).ToString() : null,
                };
        }
    }

    /// <summary>The kind as a word.</summary>
    public static string NameOf(TraceEventKind kind) => kind == TraceEventKind.SoftwareInterrupt ? "softwareInterrupt" : kind.ToString().ToLowerInvariant();

    private static string DirectionOf(in TraceEvent traced) => traced.Direction == ExitDirection.Read ? "read" : "write";

    private static TraceRecord WithExit(TraceRecord record, in TraceEvent traced)
    {
        VmExit exit = traced.Exit;
        return record with
        {
            Reason = exit.Reason.ToString(),
            Kvm = (int)exit.Reason,
            Vtx = exit.BasicExitReason == BasicExitReason.None ? null : (int)exit.BasicExitReason,
            Detail = exit.Reason switch
            {
                VmExitReason.SystemEvent => exit.SystemEvent.ToString(),
                VmExitReason.InternalError => exit.InternalError.ToString(),
                VmExitReason.Intercept => exit.Intercept.ToString(),
                _ => null,
            },
        };
    }

    private static TraceRecord WithCode(TraceRecord record, VirtualCpu vcpu, IGuestMemory memory)
    {
        CodePlace place = CodePlace.Of(vcpu, memory);
        if (place.Bytes.IsEmpty)
        {
            return record with { Bits = place.CodeBits };
        }

        Instruction instruction = InstructionText.Decode(place.Bytes.Span, place.CodeBits, place.InstructionPointer);
        int length = instruction.IsInvalid ? place.Bytes.Length : instruction.Length;
        return record with
        {
            Bits = place.CodeBits,
            Code = Convert.ToHexStringLower(place.Bytes.Span[..length]),
            Text = instruction.IsInvalid ? null : InstructionText.Of(instruction),
        };
    }
}
