using System.Buffers.Binary;

namespace KvmSharp.Cli.Labs;

/// <summary>Gives an exit the form that the patterns of the labs have.</summary>
internal static class ExitNames
{
    /// <summary>Makes the event of an exit; a read has no value until it is answered.</summary>
    public static LabEvent ToEvent(in VmExit exit, ReadOnlySpan<byte> data)
    {
        bool reads = exit.Direction == ExitDirection.Read;
        ulong address = exit.Address;
        ulong[] access = reads ? [address] : [address, exit.Value];
        return exit.Reason switch
        {
            VmExitReason.Io when exit.Count > 1 => New(reads ? "INS" : "OUTS", [address], exit.Width) with { Data = reads ? [] : data.ToArray() },
            VmExitReason.Io => New(reads ? "IN" : "OUT", access, exit.Width),
            VmExitReason.Mmio => New(reads ? "MMIO READ" : "MMIO WRITE", access, exit.Width),
            VmExitReason.Rdmsr => New("RDMSR", [address], exit.Width),
            VmExitReason.Wrmsr => New("WRMSR", [address, exit.Value], exit.Width),
            VmExitReason.Hypercall => New("HYPERCALL", [address], exit.Width),
            VmExitReason.Hlt => New("HLT"),
            VmExitReason.Shutdown => New("SHUTDOWN"),
            VmExitReason.IrqWindowOpen => New("IRQ_WINDOW_OPEN"),
            VmExitReason.Debug => New("DEBUG", [exit.Vector]),
            VmExitReason.FailEntry => New("FAIL_ENTRY"),
            VmExitReason.Intr => New("INTR") with { Word = Upper(exit.InterruptCause) },
            VmExitReason.InternalError => New("INTERNAL_ERROR") with { Word = Upper(exit.InternalError) },
            VmExitReason.SystemEvent => New("SYSTEM_EVENT") with { Word = Upper(exit.SystemEvent) },
            VmExitReason.Intercept => New("INTERCEPT", [exit.Address, exit.Value]) with { Word = Upper(exit.Intercept) },
            _ => New(Upper(exit.Reason)),
        };
    }

    /// <summary>Adds the answer of the embedder to the event of a read.</summary>
    public static LabEvent Answered(LabEvent asked, ReadOnlySpan<byte> data)
    {
        if (asked.Name == "INS")
        {
            return asked with { Data = data.ToArray() };
        }

        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        wide.Clear();
        data[..Math.Min(data.Length, sizeof(ulong))].CopyTo(wide);
        return asked with { Numbers = [.. asked.Numbers, BinaryPrimitives.ReadUInt64LittleEndian(wide)] };
    }

    private static LabEvent New(string name, ulong[]? numbers = null, int width = 0) => new() { Name = name, Numbers = numbers ?? [], Width = width };

    private static string Upper<T>(T value)
        where T : struct, Enum => value.ToString().ToUpperInvariant();
}
