using System.Reflection.Emit;
using Iced.Intel;

namespace KvmSharp.Regions;

/// <summary>The stack, where it needs no segment, and results in two halves.</summary>
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>Gets the stack pointer.</summary>
    public Register StackPointer => IsLong ? Register.RSP : Register.ESP;

    private int StackItem => IsLong ? sizeof(ulong) : sizeof(uint);

    /// <summary>Pushes a local on the guest's stack; the stack pointer moves behind the store.</summary>
    /// <param name="value">An int, in 64-bit code a long.</param>
    public void EmitPush(LocalBuilder value)
    {
        EmitAddressIn(StackPointer, -StackItem);
        EmitTranslate(StackItem, write: true);
        EmitStoreHost(StackItem, value);
        EmitMoveStackPointer(StackPointer, -StackItem);
    }

    /// <summary>Reads the item that a register points to.</summary>
    /// <param name="pointer">The register.</param>
    /// <param name="value">Gets the item.</param>
    public void EmitStackRead(Register pointer, LocalBuilder value)
    {
        EmitAddressIn(pointer);
        EmitTranslate(StackItem, write: false);
        EmitLoadHost(StackItem, value);
    }

    /// <summary>Sets the stack pointer to a register and a distance.</summary>
    /// <param name="from">The register.</param>
    /// <param name="distance">Bytes.</param>
    public void EmitMoveStackPointer(Register from, long distance)
    {
        EmitRead(from);
        EmitRegisterConstant(distance);
        Il.Emit(OpCodes.Add);
        EmitWrite(StackPointer);
    }

    /// <summary>Writes the halves of a long to EDX and EAX.</summary>
    /// <param name="value">The long.</param>
    public void EmitWriteHalves(LocalBuilder value)
    {
        Il.Emit(OpCodes.Ldloc, value);
        Il.Emit(OpCodes.Conv_I4);
        EmitWrite(Register.EAX);
        Il.Emit(OpCodes.Ldloc, value);
        Il.Emit(OpCodes.Ldc_I4, 32);
        Il.Emit(OpCodes.Shr_Un);
        Il.Emit(OpCodes.Conv_I4);
        EmitWrite(Register.EDX);
    }

    /// <summary>Notes a shift by a constant as what sets the flags.</summary>
    public void EmitSetShiftFlags(FlagOperation operation, int width, LocalBuilder value, int count)
    {
        EmitFlagWord(value, width, _flagsA);
        Il.Emit(OpCodes.Ldc_I8, (long)count);
        Il.Emit(OpCodes.Stloc, _flagsB);
        Flags = new FlagKind(operation, width);
    }

    /// <summary>Takes the linear address of a memory operand from a register, where it needs no segment.</summary>
    /// <param name="pointer">The register, as wide as addresses are.</param>
    /// <param name="distance">Added to it.</param>
    public void EmitAddressIn(Register pointer, long distance = 0)
    {
        EmitRead(pointer);
        if (distance != 0)
        {
            EmitRegisterConstant(distance);
            Il.Emit(OpCodes.Add);
        }

        if (!IsLong)
        {
            Il.Emit(OpCodes.Conv_U8);
        }

        EmitSetLinear();
    }
}
