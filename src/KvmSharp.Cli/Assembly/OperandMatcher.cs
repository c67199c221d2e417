using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Fits written operands into the operand places of one encoding.</summary>
/// <param name="info">The encoding.</param>
/// <param name="bits">16, 32 or 64: the mode of the code.</param>
internal sealed class OperandMatcher(OpCodeInfo info, int bits)
{
    private readonly bool _isBranchThroughMemory = info.Mnemonic is Mnemonic.Call or Mnemonic.Jmp;
    private Instruction _instruction;

    /// <summary>Builds the instruction, or gives false when an operand does not fit.</summary>
    public bool TryBuild(List<AsmOperand> operands, out Instruction instruction)
    {
        _instruction = new Instruction { Code = info.Code };
        bool implied = operands.Count == 0 && info.OpCount > 0;
        bool fits = implied || operands.Count == info.OpCount;
        for (int i = 0; fits && i < info.OpCount; i++)
        {
            fits = implied ? TrySetImplied(i, info.GetOpKind(i)) : TrySet(i, info.GetOpKind(i), operands[i]);
        }

        instruction = _instruction;
        return fits && MemorySizeFits(operands);
    }

    // movsb, xlatb and the like are written without the operands that they always have.
    private bool TrySetImplied(int i, OpCodeOperandKind kind) => kind switch
    {
        OpCodeOperandKind.seg_rSI => SetKind(i, bits switch { 16 => OpKind.MemorySegSI, 32 => OpKind.MemorySegESI, _ => OpKind.MemorySegRSI }),
        OpCodeOperandKind.es_rDI => SetKind(i, bits switch { 16 => OpKind.MemoryESDI, 32 => OpKind.MemoryESEDI, _ => OpKind.MemoryESRDI }),
        OpCodeOperandKind.seg_rBX_al => SetMemory(i, new MemoryOperand(string.Empty) { Base = bits switch { 16 => Register.BX, 32 => Register.EBX, _ => Register.RBX }, Index = Register.AL }),
        OpCodeOperandKind.imm8 when info.Mnemonic is Mnemonic.Aam or Mnemonic.Aad => TrySetImmediate(i, OpCodeOperandKind.imm8, new ImmediateOperand("10", 10, 0)),
        OpCodeOperandKind.al => SetRegister(i, Register.AL),
        OpCodeOperandKind.ax => SetRegister(i, Register.AX),
        OpCodeOperandKind.eax => SetRegister(i, Register.EAX),
        OpCodeOperandKind.rax => SetRegister(i, Register.RAX),
        OpCodeOperandKind.dx => SetRegister(i, Register.DX),
        _ => false,
    };

    private bool TrySet(int i, OpCodeOperandKind kind, AsmOperand operand) => operand switch
    {
        RegisterOperand r => TakesRegister(kind, r.Register) && SetRegister(i, r.Register),
        MemoryOperand m => TakesMemory(kind, m) && SetMemory(i, m),
        ImmediateOperand v => TrySetImmediate(i, kind, v),
        FarOperand f => TrySetFar(i, kind, f),
        _ => false,
    };

    private static bool TakesRegister(OpCodeOperandKind kind, Register register) => kind switch
    {
        OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r8_reg or OpCodeOperandKind.r8_opcode => register.IsGPR8(),
        OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r16_reg or OpCodeOperandKind.r16_rm or OpCodeOperandKind.r16_opcode
            or OpCodeOperandKind.r16_reg_mem => register.IsGPR16(),
        OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r32_reg or OpCodeOperandKind.r32_rm or OpCodeOperandKind.r32_opcode
            or OpCodeOperandKind.r32_reg_mem => register.IsGPR32(),
        OpCodeOperandKind.r64_or_mem or OpCodeOperandKind.r64_reg or OpCodeOperandKind.r64_rm or OpCodeOperandKind.r64_opcode
            or OpCodeOperandKind.r64_reg_mem => register.IsGPR64(),
        OpCodeOperandKind.seg_reg => register.IsSegmentRegister(),
        OpCodeOperandKind.cr_reg => register is >= Register.CR0 and <= Register.CR15,
        OpCodeOperandKind.dr_reg => register is >= Register.DR0 and <= Register.DR15,
        OpCodeOperandKind.es => register == Register.ES,
        OpCodeOperandKind.cs => register == Register.CS,
        OpCodeOperandKind.ss => register == Register.SS,
        OpCodeOperandKind.ds => register == Register.DS,
        OpCodeOperandKind.fs => register == Register.FS,
        OpCodeOperandKind.gs => register == Register.GS,
        OpCodeOperandKind.al => register == Register.AL,
        OpCodeOperandKind.cl => register == Register.CL,
        OpCodeOperandKind.ax => register == Register.AX,
        OpCodeOperandKind.dx => register == Register.DX,
        OpCodeOperandKind.eax => register == Register.EAX,
        OpCodeOperandKind.rax => register == Register.RAX,
        OpCodeOperandKind.st0 => register == Register.ST0,
        OpCodeOperandKind.sti_opcode => register is >= Register.ST0 and <= Register.ST7,
        _ => false,
    };

    private bool TakesMemory(OpCodeOperandKind kind, MemoryOperand m) => kind switch
    {
        OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r64_or_mem => !m.IsFar,
        OpCodeOperandKind.mem => !_isBranchThroughMemory || m.IsFar,
        OpCodeOperandKind.mem_offs => m.Base == Register.None && m.Index == Register.None,
        _ => false,
    };

    private bool TrySetImmediate(int i, OpCodeOperandKind kind, ImmediateOperand operand)
    {
        long value = operand.Value;
        (OpKind place, bool fits) = kind switch
        {
            OpCodeOperandKind.imm8 => (_instruction.Op0Kind == OpKind.Immediate16 && i > 0 ? OpKind.Immediate8_2nd : OpKind.Immediate8, value is >= -128 and <= 255),
            OpCodeOperandKind.imm8_const_1 => (OpKind.Immediate8, value == 1),
            OpCodeOperandKind.imm8sex16 => (OpKind.Immediate8to16, value is >= -128 and <= 127 or >= 0xFF80 and <= 0xFFFF),
            OpCodeOperandKind.imm8sex32 => (OpKind.Immediate8to32, value is >= -128 and <= 127 or >= 0xFFFF_FF80 and <= 0xFFFF_FFFF),
            OpCodeOperandKind.imm16 => (OpKind.Immediate16, value is >= short.MinValue and <= ushort.MaxValue),
            OpCodeOperandKind.imm32 => (OpKind.Immediate32, value is >= int.MinValue and <= uint.MaxValue),
            OpCodeOperandKind.imm8sex64 => (OpKind.Immediate8to64, value is >= -128 and <= 127),
            OpCodeOperandKind.imm32sex64 => (OpKind.Immediate32to64, value is >= int.MinValue and <= int.MaxValue),
            OpCodeOperandKind.imm64 => (OpKind.Immediate64, true),
            OpCodeOperandKind.br16_1 or OpCodeOperandKind.br16_2 => (OpKind.NearBranch16, bits == 16 && value is >= 0 and <= ushort.MaxValue),
            OpCodeOperandKind.br32_1 or OpCodeOperandKind.br32_4 => (OpKind.NearBranch32, value is >= 0 and <= uint.MaxValue),
            OpCodeOperandKind.br64_1 or OpCodeOperandKind.br64_4 => (OpKind.NearBranch64, true),
            _ => (OpKind.Register, false),
        };
        if (!fits || (operand.Size != 0 && operand.Size * 8 != info.OperandSize && operand.Size != 1))
        {
            return false;
        }

        SetKind(i, place);
        _instruction.SetImmediateOrTarget(place, value);
        return true;
    }

    private bool TrySetFar(int i, OpCodeOperandKind kind, FarOperand operand)
    {
        bool wide = kind == OpCodeOperandKind.farbr4_2;
        if ((!wide && kind != OpCodeOperandKind.farbr2_2) || operand.Segment is < 0 or > ushort.MaxValue
            || operand.Offset < 0 || operand.Offset > (wide ? uint.MaxValue : ushort.MaxValue) || (operand.Size != 0 && operand.Size != (wide ? 4 : 2)))
        {
            return false;
        }

        SetKind(i, wide ? OpKind.FarBranch32 : OpKind.FarBranch16);
        _instruction.FarBranchSelector = (ushort)operand.Segment;
        if (wide)
        {
            _instruction.FarBranch32 = (uint)operand.Offset;
        }
        else
        {
            _instruction.FarBranch16 = (ushort)operand.Offset;
        }

        return true;
    }

    private bool SetKind(int i, OpKind kind)
    {
        _instruction.SetOpKind(i, kind);
        return true;
    }

    private bool SetRegister(int i, Register register)
    {
        _instruction.SetOpKind(i, OpKind.Register);
        _instruction.SetOpRegister(i, register);
        return true;
    }

    private bool SetMemory(int i, MemoryOperand m)
    {
        // 16-bit addresses have fixed places for their registers: [si+bx] is [bx+si].
        bool swap = m.Scale == 1 && m.Base is Register.SI or Register.DI && m.Index is Register.BX or Register.BP;
        _instruction.SetOpKind(i, OpKind.Memory);
        _instruction.MemoryBase = swap ? m.Index : m.Base;
        _instruction.MemoryIndex = swap ? m.Base : m.Index;
        _instruction.MemoryIndexScale = m.Scale;
        _instruction.SegmentPrefix = m.Segment;
        bool noRegisters = m.Base == Register.None && m.Index == Register.None;
        bool address16 = noRegisters ? bits == 16 && m.Displacement is >= 0 and <= ushort.MaxValue : (m.Base.IsGPR16() || m.Index.IsGPR16());
        bool address64 = bits == 64 && (noRegisters || m.Base.IsGPR64() || m.Index.IsGPR64());
        bool needsDisplacement = noRegisters || m.Base == Register.None;
        _instruction.MemoryDisplSize = !needsDisplacement && m.Displacement == 0 ? 0
            : !needsDisplacement && m.Displacement is >= sbyte.MinValue and <= sbyte.MaxValue ? 1
            : address16 ? 2 : address64 ? 8 : 4;
        _instruction.MemoryDisplacement64 = address16 ? (ushort)m.Displacement : address64 ? (ulong)m.Displacement : (uint)m.Displacement;
        return true;
    }

    // A size that was written must be the encoding's own; one that was not must follow from a register.
    private bool MemorySizeFits(List<AsmOperand> operands) =>
        operands.OfType<MemoryOperand>().FirstOrDefault() is not { Size: > 0 } memory || SizeOfMemory(_instruction) is int size && (size == 0 || size == memory.Size || memory.IsFar);

    private static int SizeOfMemory(in Instruction instruction) => instruction.MemorySize.GetSize();
}
