using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Memory;

namespace KvmSharp.Segmentation;

/// <summary>Several pushes that happen all or not at all: collected first, then checked together, then written.</summary>
/// <remarks>The present stack, or one that a gate switches to and that is not in SS and ESP yet.</remarks>
internal unsafe ref struct StackFrame
{
    private readonly CpuContext* _cpu;
    private readonly SegmentCache _segment;
    private readonly ulong _start;
    private readonly ulong _mask;
    private readonly int _size;
    private readonly int _privilege;
    private readonly uint _errorCode;
    private readonly Span<ulong> _values;
    private int _count;

    private StackFrame(
        CpuContext* cpu, scoped in SegmentCache segment, ulong mask, ulong start, int size, int privilege, uint errorCode, Span<ulong> room)
    {
        _values = room;
        _cpu = cpu;
        _segment = segment;
        _mask = mask;
        _start = start & mask;
        _size = size;
        _privilege = privilege;
        _errorCode = errorCode;
    }

    /// <summary>Gets the stack pointer behind all pushes.</summary>
    public readonly ulong Pointer => (_start - (ulong)(_count * _size)) & _mask;

    private readonly bool IsLong => _mask == ulong.MaxValue;

    /// <summary>Starts a frame on the present stack; a limit violation raises #SS(0).</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="size">Bytes of each push: 2, 4 or 8.</param>
    /// <param name="room">Room for as many values as will be pushed.</param>
    /// <returns>An empty frame.</returns>
    public static StackFrame OnPresentStack(CpuContext* cpu, int size, Span<ulong> room) =>
        new(cpu, cpu->State.Segments[(int)SegmentIndex.Ss], cpu->StackMask, cpu->State.General[GeneralRegisterFile.Rsp], size, cpu->Cpl, 0, room);

    /// <summary>Starts a frame of 8-byte pushes for 64-bit code, wherever it lies; an address that is not canonical raises #SS(0).</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="pointer">The stack pointer before any push.</param>
    /// <param name="privilege">The level that the stack belongs to.</param>
    /// <param name="room">Room for as many values as will be pushed.</param>
    /// <returns>An empty frame.</returns>
    public static StackFrame OnLongStack(CpuContext* cpu, ulong pointer, int privilege, Span<ulong> room) =>
        new(cpu, default, ulong.MaxValue, pointer, sizeof(ulong), privilege, 0, room);

    /// <summary>Starts a frame on another stack; a limit violation raises #SS with its selector.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="stack">The stack.</param>
    /// <param name="size">Bytes of each push: 2 or 4.</param>
    /// <param name="room">Room for as many values as will be pushed.</param>
    /// <returns>An empty frame.</returns>
    public static StackFrame On(CpuContext* cpu, scoped in SwitchedStack stack, int size, Span<ulong> room) =>
        new(
            cpu,
            stack.Segment,
            StackPointer.MaskOf(stack.Segment),
            stack.Pointer,
            size,
            stack.Segment.Dpl,
            new Selector(stack.Segment.Selector).ErrorCode,
            room);

    /// <summary>Adds a push.</summary>
    /// <param name="value">The value, truncated to the push size when it is written.</param>
    public void Push(ulong value) => _values[_count++] = value;

    /// <summary>Writes the frame if all of it can be written. The stack pointer is left to the caller.</summary>
    /// <returns>Whether no fault was raised.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly bool TryWrite()
    {
        if (TryWriteAtOnce())
        {
            return true;
        }

        for (int i = 1; i <= _count; i++)
        {
            ulong offset = OffsetOf(i);
            bool allowed = IsLong
                ? Canonical.Are(offset, _size)
                : !_segment.Unusable && _segment.IsWritable && SegmentAccess.InLimit(_segment, offset, _size);
            if (!allowed)
            {
                return Faults.Raise(_cpu, Vector.StackFault, _errorCode);
            }
        }

        // A single write is all or nothing by itself.
        return (_count == 1 || TryProbe()) && TryStore();
    }

    // Nearly every frame lies in one page, within a segment that grows up, where the TLB allows writes: nothing can fail then.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly bool TryWriteAtOnce()
    {
        ulong bytes = (ulong)(_count * _size);
        ulong low = (_start - bytes) & _mask;
        bool plain = low < _start
            && (IsLong ? Canonical.Are(low, (int)bytes) : IsPlain(_segment) && _start - 1 <= _segment.Limit);
        ulong linear = IsLong ? low : (uint)(_segment.Base + low);
        TlbEntry* entry = Tlb.EntryOf(_privilege == _cpu->Cpl ? _cpu->Tlb : _cpu->SupervisorTlb, linear);
        if (!plain || !Tlb.Hits(linear, (int)bytes, entry->WriteTag))
        {
            return false;
        }

        byte* place = (byte*)(linear + entry->Addend + bytes);
        for (int i = 0; i < _count; i++)
        {
            place -= _size;
            switch (_size)
            {
                case sizeof(ushort):
                    *(ushort*)place = (ushort)_values[i];
                    break;
                case sizeof(uint):
                    *(uint*)place = (uint)_values[i];
                    break;
                default:
                    *(ulong*)place = _values[i];
                    break;
            }
        }

        return true;
    }

    private static bool IsPlain(in SegmentCache segment) => !segment.Unusable && segment.IsWritable && !segment.IsExpandDown;

    private readonly bool TryProbe()
    {
        DataAccess access = _privilege == 3 ? DataAccess.Write : DataAccess.SystemWrite;

        // In the order of the pushes, for CR2 tells which of them met a page fault; one probe will do when they share a page.
        bool samePage = (LinearOf(1) + (uint)_size - 1) >> GuestPage.Shift == LinearOf(_count) >> GuestPage.Shift;
        int probes = samePage ? 1 : _count;
        for (int i = 1; i <= probes; i++)
        {
            if (!LinearAccess.TryProbeWrite(_cpu, LinearOf(i), _size, access))
            {
                return false;
            }
        }

        return true;
    }

    private readonly bool TryStore()
    {
        for (int i = 1; i <= _count; i++)
        {
            ulong value = _values[i - 1];
            bool done = _size switch
            {
                sizeof(ushort) => TryStore(LinearOf(i), (ushort)value),
                sizeof(uint) => TryStore(LinearOf(i), (uint)value),
                _ => TryStore(LinearOf(i), value),
            };
            if (!done)
            {
                return false;
            }
        }

        return true;
    }

    // The quick way goes through the TLB of the present privilege; it is right only when that is also the stack's.
    private readonly bool TryStore<T>(ulong linear, T value)
        where T : unmanaged =>
        _privilege == _cpu->Cpl ? LinearAccess.TryWrite(_cpu, linear, value) : LinearAccess.TryWriteSystem(_cpu, linear, value);

    private readonly ulong OffsetOf(int push) => (_start - (ulong)(push * _size)) & _mask;

    private readonly ulong LinearOf(int push) => IsLong ? OffsetOf(push) : (uint)(_segment.Base + OffsetOf(push));
}

/// <summary>A stack of another privilege level that a transfer is about to switch to.</summary>
/// <param name="Segment">What SS becomes.</param>
/// <param name="Pointer">What ESP or SP becomes, before any push.</param>
internal readonly record struct SwitchedStack(SegmentCache Segment, ulong Pointer);
