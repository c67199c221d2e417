using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Strings;

/// <summary>The registers and elements of string instructions: (E)SI, (E)DI and (E)CX, as wide as addresses are.</summary>
internal static unsafe class StringOperands
{
    /// <summary>Gets an index register or the counter.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction, which has the address size.</param>
    /// <param name="register">The register's number.</param>
    /// <returns>Its value, truncated to the address size.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Index(CpuContext* cpu, MicroOp* op, int register) => Operands.Truncate(op, cpu->State.General[register]);

    /// <summary>Sets an index register or the counter; with 16-bit addresses the rest of the register stays.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="register">The register's number.</param>
    /// <param name="value">The new value, truncated here.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetIndex(CpuContext* cpu, MicroOp* op, int register, ulong value)
    {
        const int WordAddresses = 48;
        ref ulong place = ref cpu->State.General[register];
        ulong kept = op->AddressShift == WordAddresses ? place & ~(ulong)ushort.MaxValue : 0;
        place = kept | Operands.Truncate(op, value);
    }

    /// <summary>Writes an index register back unmoved: with 32-bit addresses in 64-bit mode that clears its upper half.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="register">The register's number.</param>
    public static void Extend(CpuContext* cpu, MicroOp* op, int register) => SetIndex(cpu, op, register, Index(cpu, op, register));

    /// <summary>Moves an index register behind or before some elements, as DF says.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="register">The register's number.</param>
    /// <param name="elements">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Move<T>(CpuContext* cpu, MicroOp* op, int register, ulong elements)
        where T : unmanaged
    {
        ulong bytes = elements * (uint)sizeof(T);
        SetIndex(cpu, op, register, cpu->State.General[register] + (IsBackward(cpu) ? 0 - bytes : bytes));
    }

    /// <summary>Reads the element at (E)SI, or for SCAS and CMPS at ES:(E)DI.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="register">The index register.</param>
    /// <param name="value">The element.</param>
    /// <returns>Whether it could be read.</returns>
    public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, int segment, int register, out T value)
        where T : unmanaged
    {
        if (SegmentAccess.TryTranslate(cpu, segment, Index(cpu, op, register), sizeof(T), write: false, out ulong linear))
        {
            return LinearAccess.TryRead(cpu, op, linear, out value);
        }

        value = default;
        return false;
    }

    /// <summary>Writes the element at ES:(E)DI.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="value">The element.</param>
    /// <returns>Whether it was written.</returns>
    public static bool TryWrite<T>(CpuContext* cpu, MicroOp* op, T value)
        where T : unmanaged =>
        SegmentAccess.TryTranslate(cpu, (int)SegmentIndex.Es, Index(cpu, op, GeneralRegisterFile.Rdi), sizeof(T), write: true, out ulong linear)
        && LinearAccess.TryWrite(cpu, op, linear, value);

    /// <summary>Finds the elements that lie before an index register in plain host memory: up to the end of the page, the segment and the address size.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="register">The index register.</param>
    /// <param name="write">Whether they will be stored.</param>
    /// <param name="count">How many are wanted; reduced to how many there are.</param>
    /// <returns>The elements; none when they must go one by one: DF is set, or the page is not plain memory.</returns>
    public static ElementRun<T> Ahead<T>(CpuContext* cpu, MicroOp* op, int segment, int register, bool write, ref ulong count)
        where T : unmanaged
    {
        if (IsBackward(cpu))
        {
            return default;
        }

        ref SegmentView view = ref cpu->Views[segment];
        ulong offset = Index(cpu, op, register);
        ulong linear = (view.Base + offset) & cpu->LinearMask;
        ulong inPage = GuestPage.Size - (linear & GuestPage.OffsetMask);
        ulong beforeWrap = Operands.Truncate(op, ulong.MaxValue) - offset; // less one
        ulong room = Math.Min(InSegment(cpu, write ? view.WriteEnd : view.ReadEnd, offset, linear), inPage);
        room = (beforeWrap < room ? beforeWrap + 1 : room) / (uint)sizeof(T);
        if (room == 0)
        {
            return default;
        }

        count = Math.Min(count, room);
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        return Tlb.Hits(linear, sizeof(T), write ? entry->WriteTag : entry->ReadTag)
            ? new ElementRun<T>((T*)(linear + entry->Addend))
            : Translate<T>(cpu, linear, write);
    }

    // How many bytes the segment allows. In 64-bit mode a page is canonical as a whole, or not at all.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong InSegment(CpuContext* cpu, ulong end, ulong offset, ulong linear) =>
        offset < end ? end - offset
        : (cpu->Mode & CodeMode.Code64) != 0 && Canonical.Is(linear) ? (ulong)GuestPage.Size
        : 0;

    // A page without a translation at hand, or one that holds decoded code: a run of stores into it is told to the MMU as one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ElementRun<T> Translate<T>(CpuContext* cpu, ulong linear, bool write)
        where T : unmanaged
    {
        VcpuEngine engine = cpu->Engine;
        if (engine.Breakpoints.HasData || engine.ShadowPaging is not null || engine.Machine.MemoryWatch is not null)
        {
            return default; // they look at every access
        }

        return engine.Mmu.TryGetHost(linear, sizeof(T), write ? DataAccess.Write : DataAccess.Read, out byte* host, out ulong? watched)
            ? new ElementRun<T>((T*)host, watched)
            : default; // the element's own access raises the fault
    }

    private static bool IsBackward(CpuContext* cpu) => (cpu->State.Rflags & Rflags.Direction) != 0;
}
