using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Memory;

/// <summary>Reads and writes at linear addresses: the TLB first, the engine's slow path behind it.</summary>
/// <remarks>
/// The hot path is: compare a tag, add, access. A fault or an exit is noted in the context and reported as
/// <see langword="false"/>; the caller stops and nothing of the instruction is committed.
/// </remarks>
internal static unsafe class LinearAccess
{
    /// <summary>Reads with the present privilege, on behalf of a micro-op.</summary>
    /// <typeparam name="T">The width, 1 to 16 bytes.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction, for the slow path.</param>
    /// <param name="linear">The address.</param>
    /// <param name="value">The value read.</param>
    /// <returns>Whether it could be read.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, ulong linear, out T value)
        where T : unmanaged
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        if (Tlb.Hits(linear, sizeof(T), entry->ReadTag))
        {
            value = *(T*)(linear + entry->Addend);
            return true;
        }

        return SlowRead(cpu, op, linear, out value);
    }

    /// <summary>Writes with the present privilege, on behalf of a micro-op.</summary>
    /// <typeparam name="T">The width, 1 to 16 bytes.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction, for the slow path.</param>
    /// <param name="linear">The address.</param>
    /// <param name="value">The value to store.</param>
    /// <returns>Whether it was written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(CpuContext* cpu, MicroOp* op, ulong linear, T value)
        where T : unmanaged
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        if (Tlb.Hits(linear, sizeof(T), entry->WriteTag))
        {
            *(T*)(linear + entry->Addend) = value;
            return true;
        }

        return SlowWrite(cpu, op, linear, value);
    }

    /// <summary>Reads if the TLB has the page, and else does nothing: what quick handlers try before they call their slow halves.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="linear">The address; need not be known to be canonical, for no tag matches one that is not.</param>
    /// <param name="value">The value read.</param>
    /// <returns>Whether it was read.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadHit<T>(CpuContext* cpu, ulong linear, out T value)
        where T : unmanaged
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        if (Tlb.Hits(linear, sizeof(T), entry->ReadTag))
        {
            value = *(T*)(linear + entry->Addend);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Gives the host address of what may be written at once: see <see cref="TryReadHit"/>.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="linear">The address.</param>
    /// <param name="place">The place.</param>
    /// <returns>Whether the TLB allows it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFindHit<T>(CpuContext* cpu, ulong linear, out T* place)
        where T : unmanaged
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        place = (T*)(linear + entry->Addend);
        return Tlb.Hits(linear, sizeof(T), entry->WriteTag);
    }

    /// <summary>Reads what will be written back: rights to write are checked first, so that the write cannot page-fault.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="linear">The address.</param>
    /// <param name="value">The value read.</param>
    /// <param name="host">Where it lies when a plain store may finish the instruction, else null: use TryWrite.</param>
    /// <returns>Whether it could be read and may be written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadForWrite<T>(CpuContext* cpu, MicroOp* op, ulong linear, out T value, out T* host)
        where T : unmanaged
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        if (Tlb.Hits(linear, sizeof(T), entry->WriteTag))
        {
            host = (T*)(linear + entry->Addend);
            value = *host;
            return true;
        }

        host = null;
        return SlowReadForWrite(cpu, op, linear, out value);
    }

    /// <summary>Reads with the present privilege, from the body of a general instruction.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor; its <c>CurrentOp</c> is the instruction.</param>
    /// <param name="linear">The address.</param>
    /// <param name="value">The value read.</param>
    /// <returns>Whether it could be read.</returns>
    public static bool TryRead<T>(CpuContext* cpu, ulong linear, out T value)
        where T : unmanaged => TryRead(cpu, cpu->CurrentOp, linear, out value);

    /// <summary>Writes with the present privilege, from the body of a general instruction.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor; its <c>CurrentOp</c> is the instruction.</param>
    /// <param name="linear">The address.</param>
    /// <param name="value">The value to store.</param>
    /// <returns>Whether it was written.</returns>
    public static bool TryWrite<T>(CpuContext* cpu, ulong linear, T value)
        where T : unmanaged => TryWrite(cpu, cpu->CurrentOp, linear, value);

    /// <summary>Reads as the processor itself does, with supervisor rights whatever CPL is: descriptor tables, IDT, TSS.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="linear">The address.</param>
    /// <param name="value">The value read.</param>
    /// <returns>Whether it could be read.</returns>
    public static bool TryReadSystem<T>(CpuContext* cpu, ulong linear, out T value)
        where T : unmanaged
    {
        // What the supervisor's table holds needs no look at CPL, AC or alignment, and neither does the processor itself.
        TlbEntry* entry = Tlb.EntryOf(cpu->SupervisorTlb, linear);
        if (Tlb.Hits(linear, sizeof(T), entry->ReadTag))
        {
            value = *(T*)(linear + entry->Addend);
            return true;
        }

        return SlowReadSystem(cpu, linear, out value);
    }

    /// <summary>Writes as the processor itself does, with supervisor rights: accessed and busy bits, inner stacks, TSS.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="linear">The address.</param>
    /// <param name="value">The value to store.</param>
    /// <returns>Whether it was written.</returns>
    public static bool TryWriteSystem<T>(CpuContext* cpu, ulong linear, T value)
        where T : unmanaged
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->SupervisorTlb, linear);
        if (Tlb.Hits(linear, sizeof(T), entry->WriteTag))
        {
            *(T*)(linear + entry->Addend) = value;
            return true;
        }

        return cpu->Engine.TryWriteSlow(linear, sizeof(T), (byte*)&value, DataAccess.SystemWrite);
    }

    /// <summary>Checks that a range can be written, and raises the page fault if not, without writing.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes, at most a page.</param>
    /// <param name="access">Whose rights.</param>
    /// <returns>Whether a write will succeed.</returns>
    public static bool TryProbeWrite(CpuContext* cpu, ulong linear, int size, DataAccess access)
    {
        TlbEntry* table = (access & DataAccess.System) != 0 ? cpu->SupervisorTlb : cpu->Tlb;
        return Tlb.Hits(linear, size, Tlb.EntryOf(table, linear)->WriteTag) || cpu->Engine.TryProbe(linear, size, access | DataAccess.Write);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool SlowReadSystem<T>(CpuContext* cpu, ulong linear, out T value)
        where T : unmanaged
    {
        T result = default;
        bool done = cpu->Engine.TryReadSlow(linear, sizeof(T), (byte*)&result, DataAccess.SystemRead);
        value = result;
        return done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool SlowRead<T>(CpuContext* cpu, MicroOp* op, ulong linear, out T value)
        where T : unmanaged
    {
        cpu->CurrentOp = op;
        T result = default;
        bool done = cpu->Engine.TryReadSlow(linear, sizeof(T), (byte*)&result, DataAccess.Read);
        value = result;
        return done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool SlowWrite<T>(CpuContext* cpu, MicroOp* op, ulong linear, T value)
        where T : unmanaged
    {
        cpu->CurrentOp = op;
        return cpu->Engine.TryWriteSlow(linear, sizeof(T), (byte*)&value, DataAccess.Write);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool SlowReadForWrite<T>(CpuContext* cpu, MicroOp* op, ulong linear, out T value)
        where T : unmanaged
    {
        cpu->CurrentOp = op;
        T result = default;
        VcpuEngine engine = cpu->Engine;
        bool done = engine.TryProbe(linear, sizeof(T), DataAccess.Write)
            && engine.TryReadSlow(linear, sizeof(T), (byte*)&result, DataAccess.Read);
        value = result;
        return done;
    }
}

/// <summary>Kind and rights of a data access.</summary>
[Flags]
internal enum DataAccess
{
    /// <summary>A load with the rights of CPL.</summary>
    Read = 0,

    /// <summary>A store with the rights of CPL.</summary>
    Write = 1,

    /// <summary>Made by the processor itself: supervisor rights whatever CPL is.</summary>
    System = 2,

    SystemRead = System,
    SystemWrite = System | Write,
}
