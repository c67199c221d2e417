using KvmSharp.Tasks;

namespace KvmSharp.Intercepts;

/// <summary>Exit qualifications in Intel's form. Intel SDM Vol. 3C, "Exit Qualification".</summary>
internal static class Qualification
{
    private const int AccessShift = 4;
    private const int RegisterShift = 8;
    private const int SourceDataShift = 16;
    private const int TaskSourceShift = 30;
    private const ulong MemoryOperand = 1 << 6;
    private const ulong MoveFromDebug = 1 << 4;

    /// <summary>Control-register accesses: number in bits 3-0, access in 5-4, general register in 11-8.</summary>
    /// <param name="number">The control register.</param>
    /// <param name="access">The kind of access.</param>
    /// <param name="offset">Offset of the general register in the context.</param>
    /// <returns>The qualification.</returns>
    public static ulong OfControlRegister(int number, ControlAccess access, ushort offset) =>
        (uint)number | ((ulong)access << AccessShift) | (RegisterAt(offset) << RegisterShift);

    /// <summary>LMSW: bit 6 tells a memory operand, bits 31-16 are the source.</summary>
    /// <param name="memory">Whether the operand is in memory.</param>
    /// <param name="value">The source, when it is a register.</param>
    /// <returns>The qualification.</returns>
    public static ulong OfLmsw(bool memory, ushort value) =>
        ((ulong)ControlAccess.Lmsw << AccessShift) | (memory ? MemoryOperand : 0) | ((ulong)value << SourceDataShift);

    /// <summary>MOV DR: number in bits 2-0, direction in 4, general register in 11-8.</summary>
    /// <param name="number">The debug register as encoded.</param>
    /// <param name="direction">Read for MOV from DR.</param>
    /// <param name="offset">Offset of the general register in the context.</param>
    /// <returns>The qualification.</returns>
    public static ulong OfDebugRegister(int number, ExitDirection direction, ushort offset) =>
        (uint)number | (direction == ExitDirection.Read ? MoveFromDebug : 0) | (RegisterAt(offset) << RegisterShift);

    /// <summary>Task switches: the selector in bits 15-0, what asked for it in 31-30.</summary>
    /// <param name="selector">The new TSS.</param>
    /// <param name="request">What asks for it.</param>
    /// <returns>The qualification.</returns>
    public static ulong OfTaskSwitch(ushort selector, in TaskSwitchRequest request)
    {
        ulong source = request.Cause switch
        {
            TaskSwitchCause.Call when request.IsEvent => 3,
            TaskSwitchCause.Jump => 2,
            TaskSwitchCause.Return => 1,
            _ => 0,
        };
        return selector | (source << TaskSourceShift);
    }

    private static ulong RegisterAt(ushort offset) => offset / (uint)sizeof(ulong);
}

/// <summary>How a control register is accessed; the numbers are those of the exit qualification.</summary>
internal enum ControlAccess
{
    MoveTo = 0,
    MoveFrom = 1,
    Clts = 2,
    Lmsw = 3,
}
