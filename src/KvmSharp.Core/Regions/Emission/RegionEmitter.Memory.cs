using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Memory;

namespace KvmSharp.Regions;

/// <summary>Memory operands: the address, and the software TLB inline.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private LocalBuilder _linear = null!;
    private LocalBuilder _host = null!;
    private LocalBuilder _entry = null!;
    private LocalBuilder _offset = null!;

    /// <summary>Computes the linear address of the instruction's memory operand into a local.</summary>
    /// <param name="size">Bytes accessed.</param>
    /// <param name="write">Whether it stores.</param>
    /// <param name="adjust">Added to the offset: what an instruction has moved the stack pointer by already.</param>
    public void EmitAddress(int size, bool write, long adjust = 0)
    {
        AddressFormKind form = FormOf(Instruction, Op.AddressShift);
        EmitOffset(adjust);
        if (form != AddressFormKind.Segmented)
        {
            Il.Emit(OpCodes.Stloc, _linear);
            return;
        }

        int segment = Instruction.MemorySegment - Register.ES;
        Il.Emit(OpCodes.Stloc, _offset);
        Il.Emit(OpCodes.Ldloc, _offset);
        Il.Emit(OpCodes.Ldc_I8, size - 1L);
        Il.Emit(OpCodes.Add);
        EmitLoadContext(ContextPlaces.ViewEnd(segment, write), OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Bge_Un, ExitHere(SideExitReason.Memory));
        EmitLoadContext(ContextPlaces.ViewBase(segment), OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Ldloc, _offset);
        Il.Emit(OpCodes.Add);
        if (!IsLong)
        {
            Il.Emit(OpCodes.Conv_U4);
            Il.Emit(OpCodes.Conv_U8);
        }

        Il.Emit(OpCodes.Stloc, _linear);
    }

    /// <summary>Pushes the offset of the memory operand as a long, truncated to the address size.</summary>
    /// <param name="adjust">Added to it.</param>
    public void EmitOffset(long adjust = 0)
    {
        ref readonly Instruction instruction = ref Instruction;
        int bytes = (64 - Op.AddressShift) / 8;
        bool wide = bytes == sizeof(ulong);
        long displacement = (long)instruction.MemoryDisplacement64 + adjust;
        if (instruction.IsIPRelativeMemoryOperand)
        {
            EmitRip(displacement);
            return;
        }

        bool any = false;
        if (instruction.MemoryBase != Register.None)
        {
            EmitAddressRegister(instruction.MemoryBase, wide);
            any = true;
        }

        if (instruction.MemoryIndex != Register.None)
        {
            EmitAddressRegister(instruction.MemoryIndex, wide);
            if (instruction.MemoryIndexScale > 1)
            {
                Il.Emit(OpCodes.Ldc_I4, System.Numerics.BitOperations.TrailingZeroCount(instruction.MemoryIndexScale));
                Il.Emit(OpCodes.Shl);
            }

            if (any)
            {
                Il.Emit(OpCodes.Add);
            }

            any = true;
        }

        if (displacement != 0 || !any)
        {
            if (wide)
            {
                Il.Emit(OpCodes.Ldc_I8, displacement);
            }
            else
            {
                Il.Emit(OpCodes.Ldc_I4, (int)displacement);
            }

            if (any)
            {
                Il.Emit(OpCodes.Add);
            }
        }

        if (!wide)
        {
            Il.Emit(bytes == sizeof(ushort) ? OpCodes.Conv_U2 : OpCodes.Conv_U4);
            Il.Emit(OpCodes.Conv_U8);
        }
    }

    /// <summary>Reads the memory operand into a local.</summary>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">An int local, or a long one for 8 bytes.</param>
    public void EmitLoad(int size, LocalBuilder value)
    {
        EmitTranslate(size, write: false);
        EmitLoadHost(size, value);
    }

    /// <summary>Makes sure that the memory operand may be stored to, and keeps its host address.</summary>
    /// <param name="size">Bytes.</param>
    public void EmitPrepareStore(int size) => EmitTranslate(size, write: true);

    /// <summary>Reads where <see cref="EmitPrepareStore"/> or <see cref="EmitTranslate"/> has found memory.</summary>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">An int local, or a long one for 8 bytes.</param>
    public void EmitLoadHost(int size, LocalBuilder value)
    {
        Il.Emit(OpCodes.Ldloc, _host);
        Il.Emit(OpCodes.Volatile);
        Il.Emit(size switch
        {
            1 => OpCodes.Ldind_U1,
            2 => OpCodes.Ldind_U2,
            4 => OpCodes.Ldind_I4,
            _ => OpCodes.Ldind_I8,
        });
        Il.Emit(OpCodes.Stloc, value);
    }

    /// <summary>Stores a local where <see cref="EmitPrepareStore"/> has found memory.</summary>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">The local.</param>
    public void EmitStoreHost(int size, LocalBuilder value)
    {
        Il.Emit(OpCodes.Ldloc, _host);
        Il.Emit(OpCodes.Ldloc, value);
        Il.Emit(OpCodes.Volatile);
        Il.Emit(size switch
        {
            1 => OpCodes.Stind_I1,
            2 => OpCodes.Stind_I2,
            4 => OpCodes.Stind_I4,
            _ => OpCodes.Stind_I8,
        });
    }

    /// <summary>Pushes the host address that was found.</summary>
    public void EmitHost() => Il.Emit(OpCodes.Ldloc, _host);

    /// <summary>Takes a linear address from the IL stack, as a long.</summary>
    public void EmitSetLinear() => Il.Emit(OpCodes.Stloc, _linear);

    /// <summary>Looks the linear address up: both ends of the access must lie in a page whose tag is there. Else the interpreter does the instruction.</summary>
    /// <param name="size">Bytes.</param>
    /// <param name="write">Whether it stores.</param>
    public void EmitTranslate(int size, bool write)
    {
        const int EntryShift = 5; // log2 of the size of an entry
        Il.Emit(OpCodes.Ldloc, _linear);
        Il.Emit(OpCodes.Ldc_I4, GuestPage.Shift - EntryShift);
        Il.Emit(OpCodes.Shr_Un);
        Il.Emit(OpCodes.Ldc_I8, (long)(Tlb.Entries - 1) << EntryShift);
        Il.Emit(OpCodes.And);
        Il.Emit(OpCodes.Conv_I);
        Il.Emit(OpCodes.Ldloc, _tlb);
        Il.Emit(OpCodes.Add);
        Il.Emit(OpCodes.Stloc, _entry);
        Il.Emit(OpCodes.Ldloc, _linear);
        if (size > 1)
        {
            Il.Emit(OpCodes.Ldc_I8, size - 1L);
            Il.Emit(OpCodes.Add);
        }

        Il.Emit(OpCodes.Ldc_I8, ~(long)GuestPage.OffsetMask);
        Il.Emit(OpCodes.And);
        Il.Emit(OpCodes.Ldloc, _entry);
        if (write)
        {
            Il.Emit(OpCodes.Ldc_I4, TlbEntryPlaces.WriteTag);
            Il.Emit(OpCodes.Add);
        }

        Il.Emit(OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Bne_Un, ExitHere(SideExitReason.Memory));
        Il.Emit(OpCodes.Ldloc, _linear);
        Il.Emit(OpCodes.Ldloc, _entry);
        Il.Emit(OpCodes.Ldc_I4, TlbEntryPlaces.Addend);
        Il.Emit(OpCodes.Add);
        Il.Emit(OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Add);
        Il.Emit(OpCodes.Conv_I);
        Il.Emit(OpCodes.Stloc, _host);
    }

    /// <summary>Tells how addresses come about: as lowering chooses it for the interpreter.</summary>
    private AddressFormKind FormOf(in Instruction instruction, int addressShift) =>
        instruction.MemorySegment is not (Register.DS or Register.ES or Register.SS or Register.CS) ? AddressFormKind.Segmented
        : addressShift switch
        {
            0 => AddressFormKind.Long,
            32 when (Mode & CodeMode.FlatData) != 0 && instruction.MemorySegment != Register.CS => AddressFormKind.Flat,
            _ => AddressFormKind.Segmented,
        };

    private void EmitAddressRegister(Register register, bool wide)
    {
        Il.Emit(OpCodes.Ldloc, _registers[NumberOf(register)]!);
        if (IsLong && !wide)
        {
            Il.Emit(OpCodes.Conv_I4);
        }
    }

    private void DeclareLocals()
    {
        DeclareRegisters();
        _remaining = Il.DeclareLocal(typeof(long));
        _tlb = Il.DeclareLocal(typeof(nint));
        _base = Il.DeclareLocal(typeof(long));
        _exitRip = Il.DeclareLocal(typeof(long));
        _exitOp = Il.DeclareLocal(typeof(nint));
        _linear = Il.DeclareLocal(typeof(long));
        _host = Il.DeclareLocal(typeof(nint));
        _entry = Il.DeclareLocal(typeof(nint));
        _offset = Il.DeclareLocal(typeof(long));
        DeclareFlags();
        _leave = Il.DefineLabel();
        _follow = Il.DefineLabel();
    }
}

/// <summary>Where the fields of a <see cref="TlbEntry"/> lie; the read tag is first.</summary>
internal static class TlbEntryPlaces
{
    public const int WriteTag = 8;
    public const int Addend = 16;
}
