using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Shapes;

/// <summary>How the stack is addressed. A type parameter of the shapes that use it, as <see cref="IAddressForm"/> is for memory operands.</summary>
/// <remarks>Pointers are given and taken without regard for the width of the stack: the form truncates them.</remarks>
internal unsafe interface IStackForm
{
    /// <summary>Gives the linear address of an item on the stack, and makes the segment checks that the form needs.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="pointer">The item's offset in SS.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="write">Whether it is stored.</param>
    /// <param name="linear">The address.</param>
    /// <returns><see langword="false"/> when #SS(0) was raised.</returns>
    static abstract bool TryAddress(CpuContext* cpu, MicroOp* op, ulong pointer, int size, bool write, out ulong linear);

    /// <summary>The same for an access that only a hit in the TLB completes: as <see cref="IAddressForm.TryAddressOfHit"/>.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="pointer">The item's offset in SS.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="write">Whether it is stored.</param>
    /// <param name="linear">The address.</param>
    /// <returns><see langword="false"/> when <see cref="TryAddress"/> must be asked.</returns>
    static abstract bool TryAddressOfHit(CpuContext* cpu, ulong pointer, int size, bool write, out ulong linear);

    /// <summary>Sets the stack pointer: on a 16-bit stack the upper half of ESP stays.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="pointer">The new value.</param>
    static abstract void SetPointer(CpuContext* cpu, ulong pointer);
}

/// <summary>A 32-bit stack in a segment with base 0 and limit FFFFFFFFh.</summary>
internal readonly unsafe struct FlatStack : IStackForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddress(CpuContext* cpu, MicroOp* op, ulong pointer, int size, bool write, out ulong linear)
    {
        linear = (uint)pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddressOfHit(CpuContext* cpu, ulong pointer, int size, bool write, out ulong linear)
    {
        linear = (uint)pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetPointer(CpuContext* cpu, ulong pointer) => cpu->State.General[GeneralRegisterFile.Rsp] = (uint)pointer;
}

/// <summary>The stack of 64-bit mode: no base, no limit, canonical addresses.</summary>
internal readonly unsafe struct LongStack : IStackForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddress(CpuContext* cpu, MicroOp* op, ulong pointer, int size, bool write, out ulong linear)
    {
        linear = pointer;
        return Canonical.Are(pointer, size) || Refuse(cpu, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddressOfHit(CpuContext* cpu, ulong pointer, int size, bool write, out ulong linear)
    {
        linear = pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetPointer(CpuContext* cpu, ulong pointer) => cpu->State.General[GeneralRegisterFile.Rsp] = pointer;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Refuse(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        return SegmentAccess.Refuse(cpu, (int)SegmentIndex.Ss);
    }
}

/// <summary>Any stack.</summary>
internal readonly unsafe struct AnyStack : IStackForm
{
    public static bool TryAddress(CpuContext* cpu, MicroOp* op, ulong pointer, int size, bool write, out ulong linear)
    {
        if (SegmentAccess.TryTranslate(cpu, (int)SegmentIndex.Ss, pointer & cpu->StackMask, size, write, out linear))
        {
            return true;
        }

        cpu->CurrentOp = op;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddressOfHit(CpuContext* cpu, ulong pointer, int size, bool write, out ulong linear) =>
        SegmentAccess.IsWithinView(cpu, (int)SegmentIndex.Ss, pointer & cpu->StackMask, size, write, out linear);

    public static void SetPointer(CpuContext* cpu, ulong pointer) => Segmentation.StackPointer.Set(cpu, cpu->StackMask, pointer);
}

/// <summary>The stack forms by name: what lowering chooses by.</summary>
internal enum StackFormKind
{
    /// <summary><see cref="AnyStack"/>.</summary>
    Any,

    /// <summary><see cref="FlatStack"/>.</summary>
    Flat,

    /// <summary><see cref="LongStack"/>.</summary>
    Long,
}

/// <summary>What the shapes on the stack share.</summary>
internal static unsafe class StackItems
{
    /// <summary>Tells how the stack of the code being lowered is addressed.</summary>
    /// <param name="l">The instruction.</param>
    /// <returns>The form.</returns>
    public static StackFormKind FormOf(in Lowering l)
    {
        const uint Both = CodeMode.FlatData | CodeMode.Stack32;
        if (l.Is64Bit)
        {
            return StackFormKind.Long;
        }

        return (l.Mode & Both) == Both ? StackFormKind.Flat : StackFormKind.Any;
    }

    /// <summary>Reads an item whose page the TLB has, and else does nothing.</summary>
    /// <typeparam name="TStack">How the stack is addressed.</typeparam>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="pointer">The item's offset in SS.</param>
    /// <param name="value">The item.</param>
    /// <returns>Whether it was read.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadHit<TStack, T>(CpuContext* cpu, ulong pointer, out T value)
        where TStack : struct, IStackForm
        where T : unmanaged
    {
        if (TStack.TryAddressOfHit(cpu, pointer, sizeof(T), write: false, out ulong linear))
        {
            return LinearAccess.TryReadHit(cpu, linear, out value);
        }

        value = default;
        return false;
    }

    /// <summary>Pushes to a page that the TLB has, and else does nothing.</summary>
    /// <typeparam name="TStack">How the stack is addressed.</typeparam>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The item.</param>
    /// <returns>Whether it was stored.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPushHit<TStack, T>(CpuContext* cpu, T value)
        where TStack : struct, IStackForm
        where T : unmanaged
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp] - (uint)sizeof(T);
        if (!TStack.TryAddressOfHit(cpu, pointer, sizeof(T), write: true, out ulong linear) || !LinearAccess.TryFindHit(cpu, linear, out T* place))
        {
            return false;
        }

        *place = value;
        TStack.SetPointer(cpu, pointer);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<TStack, T>(CpuContext* cpu, MicroOp* op, ulong pointer, out T value)
        where TStack : struct, IStackForm
        where T : unmanaged
    {
        if (TStack.TryAddress(cpu, op, pointer, sizeof(T), write: false, out ulong linear))
        {
            return LinearAccess.TryRead(cpu, op, linear, out value);
        }

        value = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<TStack, T>(CpuContext* cpu, MicroOp* op, ulong pointer, T value)
        where TStack : struct, IStackForm
        where T : unmanaged =>
        TStack.TryAddress(cpu, op, pointer, sizeof(T), write: true, out ulong linear) && LinearAccess.TryWrite(cpu, op, linear, value);

    /// <summary>Pushes; the stack pointer moves only when the item is stored.</summary>
    /// <typeparam name="TStack">How the stack is addressed.</typeparam>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="value">The item.</param>
    /// <returns>Whether it was stored.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush<TStack, T>(CpuContext* cpu, MicroOp* op, T value)
        where TStack : struct, IStackForm
        where T : unmanaged
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp] - (uint)sizeof(T);
        if (!TryWrite<TStack, T>(cpu, op, pointer, value))
        {
            return false;
        }

        TStack.SetPointer(cpu, pointer);
        return true;
    }
}
