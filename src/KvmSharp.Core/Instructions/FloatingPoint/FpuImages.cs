using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>FNSTENV, FLDENV, FNSAVE and FRSTOR. Intel SDM Vol. 1, "x87 FPU Save Area", figures of its four formats.</summary>
/// <remarks>
/// Seven fields of 16 or 32 bits: control, status, tags, and four that hold FIP, FOP and FDP as the mode says.
/// <code>
///          protected        real, virtual-8086
/// 3        FIP              FIP 15:0
/// 4        selector, FOP    FIP 31:16 (19:16) at bit 12, FOP
/// 5        FDP              FDP 15:0
/// 6        selector         FDP 31:16 (19:16) at bit 12
/// </code>
/// </remarks>
internal static unsafe class FpuImages
{
    private const int Fields = 7;
    private const int ControlField = 0;
    private const int StatusField = 1;
    private const int TagField = 2;
    private const int InstructionField = 3;
    private const int InstructionHighField = 4;
    private const int DataField = 5;
    private const int DataHighField = 6;
    private const int RegisterBytes = 10;
    private const int RegisterCount = 8;
    private const uint OpcodeMask = 0x7FF;
    private const uint ReservedOnes = 0xFFFF_0000;

    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Fnstenv, &LowerStoreEnvironment);
        table.Add(Mnemonic.Fnsave, &LowerSave);
        table.Add(Mnemonic.Fldenv, &LowerLoadEnvironment);
        table.Add(Mnemonic.Frstor, &LowerRestore);
    }

    private static void LowerStoreEnvironment(ref Lowering l)
    {
        FpuShape.LowerNonWaiting(ref l);
        l.Op->Body = l.Instruction.Code == Code.Fnstenv_m14byte ? &StoreEnvironment<ushort> : &StoreEnvironment<uint>;
    }

    private static void LowerSave(ref Lowering l)
    {
        FpuShape.LowerNonWaiting(ref l);
        l.Op->Body = l.Instruction.Code == Code.Fnsave_m94byte ? &Save<ushort> : &Save<uint>;
    }

    private static void LowerLoadEnvironment(ref Lowering l)
    {
        FpuShape.LowerWaiting(ref l);
        l.Op->Body = l.Instruction.Code == Code.Fldenv_m14byte ? &LoadEnvironment<ushort> : &LoadEnvironment<uint>;
    }

    private static void LowerRestore(ref Lowering l)
    {
        FpuShape.LowerWaiting(ref l);
        l.Op->Body = l.Instruction.Code == Code.Frstor_m94byte ? &Restore<ushort> : &Restore<uint>;
    }

    // Masks all exceptions behind the store, so that a handler can go on to use the FPU.
    private static bool StoreEnvironment<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.IUnsignedNumber<T>
    {
        if (!TryProbe(cpu, op, Fields * sizeof(T), write: true) || !TryWriteFields<T>(cpu, op))
        {
            return false;
        }

        cpu->State.X87.ControlWord |= X87Status.Exceptions;
        FpuErrors.UpdateSummary(cpu);
        return true;
    }

    private static bool Save<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.IUnsignedNumber<T>
    {
        int start = Fields * sizeof(T);
        if (!TryProbe(cpu, op, start + (RegisterCount * RegisterBytes), write: true) || !TryWriteFields<T>(cpu, op))
        {
            return false;
        }

        for (int i = 0; i < RegisterCount; i++)
        {
            Float80 value = cpu->State.X87.Get(i);
            if (!TenByteAccess.TryWrite(cpu, op, (uint)(start + (i * RegisterBytes)), new TenBytes(value.Significand, value.SignExponent)))
            {
                return false;
            }
        }

        cpu->State.X87.Initialize();
        FpuErrors.UpdateSummary(cpu);
        return true;
    }

    private static bool LoadEnvironment<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.IUnsignedNumber<T>
    {
        uint* fields = stackalloc uint[Fields];
        if (!TryProbe(cpu, op, Fields * sizeof(T), write: false) || !TryReadFields<T>(cpu, op, fields))
        {
            return false;
        }

        TakeFields<T>(cpu, fields);
        return true;
    }

    private static bool Restore<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.IUnsignedNumber<T>
    {
        int start = Fields * sizeof(T);
        uint* fields = stackalloc uint[Fields];
        TenBytes* registers = stackalloc TenBytes[RegisterCount];
        if (!TryProbe(cpu, op, start + (RegisterCount * RegisterBytes), write: false) || !TryReadFields<T>(cpu, op, fields))
        {
            return false;
        }

        for (int i = 0; i < RegisterCount; i++)
        {
            if (!TenByteAccess.TryRead(cpu, op, (uint)(start + (i * RegisterBytes)), out registers[i]))
            {
                return false;
            }
        }

        TakeFields<T>(cpu, fields);
        ref X87State x87 = ref cpu->State.X87;
        for (int i = 0; i < RegisterCount; i++)
        {
            x87.Registers[x87.NumberOf(i)] = new Float80(registers[i].High, registers[i].Low);
        }

        return true;
    }

    private static bool TryWriteFields<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.IUnsignedNumber<T>
    {
        ref X87State x87 = ref cpu->State.X87;
        uint* fields = stackalloc uint[Fields];
        uint instruction = (uint)x87.InstructionPointer;
        uint data = (uint)x87.DataPointer;
        bool isProtected = (cpu->Mode & CodeMode.Protected) != 0;
        fields[ControlField] = x87.ControlWord | ReservedOnes;
        fields[StatusField] = x87.StatusWord | ReservedOnes;
        fields[TagField] = FpuTags.ToFull(x87) | ReservedOnes;
        fields[InstructionField] = isProtected ? instruction : (ushort)instruction;
        fields[InstructionHighField] = isProtected
            ? (sizeof(T) == sizeof(ushort) ? x87.InstructionSelector : x87.InstructionSelector | ((uint)x87.Opcode << 16))
            : (instruction >> 16 << 12) | x87.Opcode;
        fields[DataField] = isProtected ? data : (ushort)data;
        fields[DataHighField] = isProtected ? x87.DataSelector | ReservedOnes : data >> 16 << 12;
        for (int i = 0; i < Fields; i++)
        {
            if (!Operands.TryWriteMemory(cpu, op, (uint)(i * sizeof(T)), T.CreateTruncating(fields[i])))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadFields<T>(CpuContext* cpu, MicroOp* op, uint* fields)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.IUnsignedNumber<T>
    {
        for (int i = 0; i < Fields; i++)
        {
            if (!Operands.TryReadMemory(cpu, op, (uint)(i * sizeof(T)), out T field))
            {
                return false;
            }

            fields[i] = uint.CreateTruncating(field);
        }

        return true;
    }

    // The selectors are not taken: this processor keeps them 0.
    private static void TakeFields<T>(CpuContext* cpu, uint* fields)
        where T : unmanaged
    {
        ref X87State x87 = ref cpu->State.X87;
        x87.ControlWord = (ushort)((fields[ControlField] & X87Control.Writable) | X87Control.AlwaysOne);
        x87.StatusWord = (ushort)fields[StatusField];
        x87.NotEmpty = FpuTags.ToAbridged((ushort)fields[TagField]);
        uint high = fields[InstructionHighField];
        if ((cpu->Mode & CodeMode.Protected) == 0)
        {
            x87.InstructionPointer = (ushort)fields[InstructionField] | (high >> 12 << 16);
            x87.DataPointer = (ushort)fields[DataField] | (fields[DataHighField] >> 12 << 16);
            x87.Opcode = (ushort)(high & OpcodeMask);
        }
        else
        {
            x87.InstructionPointer = fields[InstructionField];
            x87.DataPointer = fields[DataField];
            x87.Opcode = sizeof(T) == sizeof(ushort) ? x87.Opcode : (ushort)((high >> 16) & OpcodeMask);
        }

        FpuErrors.UpdateSummary(cpu);
    }

    // The first and the last byte are tried before anything is touched; the piecewise accesses then wrap with the address size.
    private static bool TryProbe(CpuContext* cpu, MicroOp* op, int size, bool write)
    {
        ulong first = Operands.EffectiveAddress(cpu, op);
        return TryProbeByte(cpu, op, first, write) && TryProbeByte(cpu, op, Operands.Truncate(op, first + (ulong)size - 1), write);
    }

    private static bool TryProbeByte(CpuContext* cpu, MicroOp* op, ulong offset, bool write) =>
        SegmentAccess.TryTranslate(cpu, op->Segment, offset, 1, write, out ulong linear)
        && cpu->Engine.TryProbe(linear, 1, write ? DataAccess.Write : DataAccess.Read);
}
