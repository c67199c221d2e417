using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Cpu;

namespace KvmSharp.Regions;

/// <summary>Guest registers in locals.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private readonly LocalBuilder?[] _registers = new LocalBuilder?[GeneralRegisterFile.Count];
    private readonly bool[] _written = new bool[GeneralRegisterFile.Count];

    /// <summary>Gets the type of a register's local.</summary>
    private Type RegisterType => IsLong ? typeof(long) : typeof(int);

    /// <summary>Gives the type that values of a width have on the IL stack.</summary>
    /// <param name="width">Bytes.</param>
    public static bool IsWide(int width) => width == sizeof(ulong);

    /// <summary>Pushes a register, zero-extended to int, or long for 64 bits.</summary>
    /// <param name="register">A general register of any width.</param>
    public void EmitRead(Register register)
    {
        int width = register.GetSize();
        Il.Emit(OpCodes.Ldloc, _registers[NumberOf(register)]!);
        if (IsWide(width))
        {
            return;
        }

        if (IsHighByte(register))
        {
            Il.Emit(OpCodes.Ldc_I4_8);
            Il.Emit(OpCodes.Shr_Un);
        }

        EmitTruncate(width);
    }

    /// <summary>Makes the int (or long, in 64-bit code) on the IL stack an operand of a width below 8 bytes.</summary>
    /// <param name="width">Bytes.</param>
    public void EmitTruncate(int width)
    {
        switch (width)
        {
            case 1:
                Il.Emit(OpCodes.Conv_U1);
                break;
            case 2:
                Il.Emit(OpCodes.Conv_U2);
                break;
            case 4:
                Il.Emit(OpCodes.Conv_I4);
                break;
        }
    }

    /// <summary>Pops an int, or a long for 64 bits, into a register: 8 and 16 bits leave the rest of it.</summary>
    /// <param name="register">A general register of any width.</param>
    public void EmitWrite(Register register)
    {
        LocalBuilder local = _registers[NumberOf(register)]!;
        int width = register.GetSize();
        if (width >= sizeof(uint))
        {
            if (IsLong && !IsWide(width))
            {
                Il.Emit(OpCodes.Conv_U8);
            }

            Il.Emit(OpCodes.Stloc, local);
            return;
        }

        long mask = width == 2 ? ushort.MaxValue : byte.MaxValue;
        Il.Emit(OpCodes.Ldc_I4, (int)mask);
        Il.Emit(OpCodes.And);
        if (IsHighByte(register))
        {
            mask <<= 8;
            Il.Emit(OpCodes.Ldc_I4_8);
            Il.Emit(OpCodes.Shl);
        }

        if (IsLong)
        {
            Il.Emit(OpCodes.Conv_U8);
        }

        Il.Emit(OpCodes.Ldloc, local);
        EmitRegisterConstant(~mask);
        Il.Emit(OpCodes.And);
        Il.Emit(OpCodes.Or);
        Il.Emit(OpCodes.Stloc, local);
    }

    /// <summary>Pushes a constant of the type that registers have.</summary>
    public void EmitRegisterConstant(long value)
    {
        if (IsLong)
        {
            Il.Emit(OpCodes.Ldc_I8, value);
        }
        else
        {
            Il.Emit(OpCodes.Ldc_I4, (int)value);
        }
    }

    /// <summary>Pushes a constant operand.</summary>
    /// <param name="value">The value.</param>
    /// <param name="width">Bytes.</param>
    public void EmitConstant(ulong value, int width)
    {
        switch (width)
        {
            case 1:
                Il.Emit(OpCodes.Ldc_I4, (int)(byte)value);
                break;
            case 2:
                Il.Emit(OpCodes.Ldc_I4, (int)(ushort)value);
                break;
            case 4:
                Il.Emit(OpCodes.Ldc_I4, (int)value);
                break;
            default:
                Il.Emit(OpCodes.Ldc_I8, (long)value);
                break;
        }
    }

    /// <summary>Gives the number of the general register that holds a register.</summary>
    public static int NumberOf(Register register) => register.GetFullRegister() - Register.RAX;

    private static bool IsHighByte(Register register) => register is >= Register.AH and <= Register.BH;

    // Every register that any instruction names is loaded on entry; what any may write is stored on exit.
    private void DeclareRegisters()
    {
        var factory = new InstructionInfoFactory();
        foreach (RegionBlock block in _plan.Blocks)
        {
            foreach (ref readonly Instruction instruction in block.Instructions.AsSpan())
            {
                foreach (UsedRegister used in factory.GetInfo(instruction).GetUsedRegisters())
                {
                    DeclareVector(used);
                    Register full = used.Register.GetFullRegister();
                    if (full is >= Register.RAX and <= Register.R15)
                    {
                        int number = full - Register.RAX;
                        _registers[number] ??= Il.DeclareLocal(RegisterType);
                        _written[number] |= used.Access is not (OpAccess.Read or OpAccess.CondRead);
                    }
                }
            }
        }
    }

    private void EmitReload(int register)
    {
        if (_registers[register] is { } local)
        {
            EmitLoadContext(CpuContext.OffsetOfGeneral(register), IsLong ? OpCodes.Ldind_I8 : OpCodes.Ldind_I4);
            Il.Emit(OpCodes.Stloc, local);
        }
    }

    private void EmitSpill(int register)
    {
        if (_registers[register] is { } local && _written[register])
        {
            EmitContextAddress(CpuContext.OffsetOfGeneral(register));
            Il.Emit(OpCodes.Ldloc, local);
            if (!IsLong)
            {
                Il.Emit(OpCodes.Conv_U8);
            }

            Il.Emit(OpCodes.Stind_I8);
        }
    }
}
