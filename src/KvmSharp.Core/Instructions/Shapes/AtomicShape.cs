using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>Instructions with LOCK, and XCHG with memory: one indivisible read-modify-write. Intel SDM Vol. 3A, "Locked Atomic Operations".</summary>
/// <remarks>
/// In RAM and inside a cache line the host's own compare-and-swap does it. 16 bytes, which .NET cannot exchange at once, are exchanged
/// while no other vCPU is in the guest: see <see cref="ExclusiveSection"/>. Across a line or on a device the machine's bus lock does it:
/// such accesses exclude each other, and a host instruction that would lock the bus is never issued.
/// </remarks>
internal static unsafe class AtomicShape
{
    private const int CacheLine = 64;

    public static MicroOp* Binary<TOp, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TSource : struct, ISource
    {
        _ = TSource.TryRead(cpu, op, out T b);
        return Run<BinaryStep<TOp, T>, T>(cpu, op, new BinaryStep<TOp, T>(b));
    }

    public static MicroOp* Unary<TOp, T>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IUnaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Run<UnaryStep<TOp, T>, T>(cpu, op, default);

    /// <summary>Runs a read-modify-write on the memory operand and goes on to the next instruction.</summary>
    /// <typeparam name="TStep">What is done to the value.</typeparam>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="step">The step, which may also change registers once the store is certain.</param>
    /// <returns>The next micro-op, or null.</returns>
    public static MicroOp* Run<TStep, T>(CpuContext* cpu, MicroOp* op, TStep step)
        where TStep : struct, IAtomicStep<T>
        where T : unmanaged
    {
        cpu->CurrentOp = op;
        ulong offset = Operands.EffectiveAddress(cpu, op);
        return SegmentAccess.TryTranslate(cpu, op->Segment, offset, sizeof(T), write: true, out ulong linear)
            && TryRun<TStep, T>(cpu, linear, ref step)
            ? op + 1
            : null;
    }

    /// <summary>Runs a read-modify-write at a linear address.</summary>
    /// <typeparam name="TStep">What is done to the value.</typeparam>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor; its <c>CurrentOp</c> is the instruction.</param>
    /// <param name="linear">The address.</param>
    /// <param name="step">The step.</param>
    /// <returns>Whether it is done.</returns>
    public static bool TryRun<TStep, T>(CpuContext* cpu, ulong linear, ref TStep step)
        where TStep : struct, IAtomicStep<T>
        where T : unmanaged
    {
        if (sizeof(T) > sizeof(ulong))
        {
            return RunAlone<TStep, T>(cpu, linear, ref step);
        }

        byte* host = null;
        ulong? watched = null;
        if ((linear & (CacheLine - 1)) + (ulong)sizeof(T) <= CacheLine && !TryFindHost(cpu, linear, sizeof(T), out host, out watched))
        {
            return false;
        }

        if (host is null)
        {
            return RunUnderBusLock<TStep, T>(cpu, linear, ref step);
        }

        RunOnHost(cpu, (T*)host, ref step);
        NoteWritten(cpu, watched, sizeof(T));
        return true;
    }

    // False when it raised a fault; no host address when the page is not plain RAM.
    private static bool TryFindHost(CpuContext* cpu, ulong linear, int size, out byte* host, out ulong? watched)
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        if (Tlb.Hits(linear, size, entry->WriteTag))
        {
            host = (byte*)(linear + entry->Addend);
            watched = null;
            return true;
        }

        return cpu->Engine.TryGetHost(linear, size, out host, out watched);
    }

    private static void NoteWritten(CpuContext* cpu, ulong? watched, int size)
    {
        if (watched is { } physical)
        {
            cpu->Engine.Mmu.Physical.WrittenAtomically(physical, size);
        }
    }

    // The operand is aligned to its size, so it is inside a page.
    private static bool RunAlone<TStep, T>(CpuContext* cpu, ulong linear, ref TStep step)
        where TStep : struct, IAtomicStep<T>
        where T : unmanaged
    {
        VcpuEngine engine = cpu->Engine;
        ExclusiveSection exclusive = engine.Machine.Exclusive;
        while (true)
        {
            if (!TryFindHost(cpu, linear, sizeof(T), out byte* host, out ulong? watched))
            {
                return false;
            }

            if (host is null)
            {
                return RunUnderBusLock<TStep, T>(cpu, linear, ref step);
            }

            if (exclusive.TryEnter(engine))
            {
                T old = *(T*)host;
                *(T*)host = step.Apply(cpu, old, ref cpu->Flags);
                step.Commit(cpu, old);
                exclusive.Exit();
                NoteWritten(cpu, watched, sizeof(T));
                return true;
            }

            // Another vCPU was first. Outside, mappings may change: the address is looked up again.
            engine.Requests.LeaveGuest();
            engine.Requests.EnterGuest();
        }
    }

    private static void RunOnHost<TStep, T>(CpuContext* cpu, T* host, ref TStep step)
        where TStep : struct, IAtomicStep<T>
        where T : unmanaged
    {
        while (true)
        {
            T old = *host;
            ArithmeticFlags flags = cpu->Flags;
            T next = step.Apply(cpu, old, ref flags);
            if (HostAtomic.TryReplace(host, old, next))
            {
                step.Commit(cpu, old);
                cpu->Flags = flags;
                return;
            }
        }
    }

    private static bool RunUnderBusLock<TStep, T>(CpuContext* cpu, ulong linear, ref TStep step)
        where TStep : struct, IAtomicStep<T>
        where T : unmanaged
    {
        VcpuEngine engine = cpu->Engine;
        engine.EnterBusLock();
        try
        {
            T old;
            if (!engine.TryProbe(linear, sizeof(T), DataAccess.Write) || !engine.TryReadSlow(linear, sizeof(T), (byte*)&old, DataAccess.Read))
            {
                return false;
            }

            ArithmeticFlags flags = cpu->Flags;
            T next = step.Apply(cpu, old, ref flags);
            if (!engine.TryWriteSlow(linear, sizeof(T), (byte*)&next, DataAccess.Write))
            {
                return false;
            }

            step.Commit(cpu, old);
            cpu->Flags = flags;
            return true;
        }
        finally
        {
            engine.ExitBusLock();
        }
    }
}

/// <summary>What a locked instruction does to the value in memory.</summary>
/// <typeparam name="T">The width.</typeparam>
internal unsafe interface IAtomicStep<T>
    where T : unmanaged
{
    /// <summary>Computes the value to store; may be called again when another processor was faster, so it changes nothing but the flags given.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="old">The value in memory.</param>
    /// <param name="flags">The flags, committed by the caller.</param>
    /// <returns>The value to store.</returns>
    T Apply(CpuContext* cpu, T old, ref ArithmeticFlags flags);

    /// <summary>Commits what goes to registers, after the store.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="old">The value that was in memory.</param>
    void Commit(CpuContext* cpu, T old);
}

/// <summary>A binary operation with LOCK.</summary>
internal readonly unsafe struct BinaryStep<TOp, T>(T operand) : IAtomicStep<T>
    where TOp : struct, IBinaryOp
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
{
    public T Apply(CpuContext* cpu, T old, ref ArithmeticFlags flags) => TOp.Apply(old, operand, ref flags);

    public void Commit(CpuContext* cpu, T old)
    {
    }
}

/// <summary>A unary operation with LOCK.</summary>
internal readonly unsafe struct UnaryStep<TOp, T> : IAtomicStep<T>
    where TOp : struct, IUnaryOp
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
{
    public T Apply(CpuContext* cpu, T old, ref ArithmeticFlags flags) => TOp.Apply(old, ref flags);

    public void Commit(CpuContext* cpu, T old)
    {
    }
}
