using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Cpuid;
using KvmSharp.Instructions;
using KvmSharp.Instructions.Shapes;

namespace KvmSharp.Engine;

/// <summary>One instruction on its way from Iced's form to a micro-op.</summary>
internal unsafe ref struct Lowering
{
    /// <summary>The decoded instruction.</summary>
    public Instruction Instruction;

    /// <summary>What the instruction means on this processor: Iced's mnemonic, or that of an older instruction with the same bytes.</summary>
    public Mnemonic Mnemonic;

    /// <summary>The micro-op to fill; RIP-relative fields, length and order are set already.</summary>
    public MicroOp* Op;

    /// <summary>The <see cref="CodeMode"/> it is decoded for.</summary>
    public uint Mode;

    /// <summary>Set by the instruction when nothing may follow it in its block.</summary>
    public bool EndsBlock;

    /// <summary>Set by the block builder when no one can see the arithmetic flags that this instruction leaves.</summary>
    public bool FlagsAreDead;

    /// <summary>Offset in its page of the block's first byte.</summary>
    public int PageOffset;

    /// <summary>Set by a branch: 1 when it keeps a link in <c>Next</c>, 2 when also in <c>Taken</c>.</summary>
    public int Links;

    /// <summary>Set when the instruction does not exist, so that it raises #UD (or is too long).</summary>
    public bool IsUndefined;

    /// <summary>The bytes of the block, this instruction's at the offset in <see cref="Op"/>.</summary>
    public CodeBytes Bytes;

    /// <summary>The table, for general instructions.</summary>
    public LoweringTable Table;

    /// <summary>What the processor has.</summary>
    public CpuFeatures Features;

    /// <summary>Gets the width of the first operand in bytes, or of the second when the first has none.</summary>
    public readonly int Width => OperandWidth(0) is > 0 and int width ? width : OperandWidth(1);

    public readonly bool HasMemory => MemoryOperand >= 0;

    public readonly bool HasImmediate => (Op->Traits & MicroOpTraits.Immediate) != 0;

    /// <summary>Gets the index of the memory operand, or -1.</summary>
    public readonly int MemoryOperand
    {
        get
        {
            for (int i = 0; i < Instruction.OpCount; i++)
            {
                if (Instruction.GetOpKind(i) == OpKind.Memory)
                {
                    return i;
                }
            }

            return -1;
        }
    }

    /// <summary>Gets the displacement of a relative branch, from its end: blocks are decoded at address 0 onwards.</summary>
    public readonly long Displacement => Instruction.Op0Kind switch
    {
        OpKind.NearBranch16 => (short)(Instruction.NearBranch16 - (ushort)Instruction.NextIP),
        OpKind.NearBranch32 => (int)(Instruction.NearBranch32 - (uint)Instruction.NextIP),
        _ => (long)(Instruction.NearBranch64 - Instruction.NextIP),
    };

    /// <summary>Gets a value indicating whether the code is for 64-bit mode.</summary>
    public readonly bool Is64Bit => (Mode & CodeMode.Code64) != 0;

    /// <summary>Gets how the address of the memory operand comes about.</summary>
    public readonly AddressFormKind AddressForm => Instruction.MemorySegment is not (Register.DS or Register.ES or Register.SS or Register.CS)
        ? AddressFormKind.Segmented
        : Op->AddressShift switch
        {
            0 => AddressFormKind.Long,
            32 when (Mode & CodeMode.FlatData) != 0 && Instruction.MemorySegment != Register.CS => AddressFormKind.Flat,
            _ => AddressFormKind.Segmented,
        };

    /// <summary>Makes the micro-op: through the table, or #UD for what this processor does not have.</summary>
    public void Lower()
    {
        SetAddressSize();
        if (!Instruction.IsInvalid && Features.TryFind(Instruction, Mode, out Mnemonic) && !Segmentation.SystemForms.TryLower(ref this))
        {
            delegate*<ref Lowering, void> lower = Table.Find(Mnemonic);
            if (lower is not null)
            {
                lower(ref this);
            }
        }

        if (Op->Handler is null)
        {
            // Iced stops at 15 bytes: an instruction that has no end by then is too long, whatever it is.
            bool tooLong = Instruction.IsInvalid && Instruction.Length == BlockBuilder.MaxInstructionBytes;
            Op->Handler = tooLong ? &TooLong : &InvalidOpcode;
            IsUndefined = true;
            EndsBlock = true;
        }
    }

    /// <summary>Tells whether a relative branch stays in the page of its block, so that it may be linked.</summary>
    /// <param name="displacement">From the end of the instruction.</param>
    /// <returns>Whether it does.</returns>
    public readonly bool StaysInPage(long displacement)
    {
        long target = PageOffset + Op->EndOffset + displacement;
        return target is >= 0 and < Memory.GuestPage.Size;
    }

    public static void Continue(ref Lowering lowering) => lowering.General(&GeneralShape.Continue, endsBlock: false);

    public static void EndBlock(ref Lowering lowering) => lowering.General(&GeneralShape.EndBlock, endsBlock: true);

    public static void Transfer(ref Lowering lowering) => lowering.General(&GeneralShape.Transfer, endsBlock: true);

    /// <summary>Tests whether an operand is a register.</summary>
    /// <param name="operand">The operand's index.</param>
    /// <returns>Whether it is.</returns>
    public readonly bool IsRegister(int operand) => Instruction.GetOpKind(operand) == OpKind.Register;

    /// <summary>Tests whether an operand is in memory addressed by ModR/M or an offset.</summary>
    /// <param name="operand">The operand's index.</param>
    /// <returns>Whether it is.</returns>
    public readonly bool IsMemory(int operand) => Instruction.GetOpKind(operand) == OpKind.Memory;

    /// <summary>Gets the width of an operand in bytes; 0 for an immediate, whose width the instruction decides.</summary>
    /// <param name="operand">The operand's index.</param>
    /// <returns>The width.</returns>
    public readonly int OperandWidth(int operand) => Instruction.GetOpKind(operand) switch
    {
        OpKind.Register => Instruction.GetOpRegister(operand).GetSize(),
        OpKind.Memory => Instruction.MemorySize.GetSize(),
        _ => 0,
    };

    /// <summary>Fills in whatever operands the instruction has: first register to Dst, second to Src, memory and immediate to their fields.</summary>
    public void FillOperands()
    {
        Op->Dst = Op->Src = Op->Base = Op->Index = CpuContext.OffsetOfZero();
        bool first = true;
        for (int i = 0; i < Instruction.OpCount; i++)
        {
            switch (Instruction.GetOpKind(i))
            {
                case OpKind.Register:
                    ushort offset = RegisterOffsets.Of(Instruction.GetOpRegister(i));
                    if (first && i == 0)
                    {
                        Op->Dst = offset;
                    }
                    else
                    {
                        Op->Src = offset;
                    }

                    first = false;
                    break;
                case OpKind.Memory:
                    FillMemory();
                    Op->Traits |= MicroOpTraits.Memory;
                    break;
                case OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64 or OpKind.FarBranch16 or OpKind.FarBranch32:
                    break;
                default:
                    if (Instruction.GetOpKind(i) is >= OpKind.Immediate8 and <= OpKind.Immediate32to64)
                    {
                        Op->Immediate = (long)Instruction.GetImmediate(i);
                        Op->Traits |= MicroOpTraits.Immediate;
                    }

                    break;
            }
        }
    }

    /// <summary>Fills in the memory operand: base, index, scale, displacement, segment, address size.</summary>
    public readonly void FillMemory()
    {
        Op->Base = RegisterOffsets.Of(Instruction.MemoryBase);
        Op->Index = RegisterOffsets.Of(Instruction.MemoryIndex);
        Op->Scale = (byte)System.Numerics.BitOperations.TrailingZeroCount(Instruction.MemoryIndexScale);
        Op->Displacement = (long)Instruction.MemoryDisplacement64;
        Op->Segment = (byte)(Instruction.MemorySegment - Register.ES);
    }

    /// <summary>Notes the operand size in the traits.</summary>
    /// <param name="width">1, 2, 4 or 8 bytes.</param>
    public readonly void SetSize(int width) =>
        Op->Traits = (Op->Traits & ~MicroOpTraits.SizeMask) | (MicroOpTraits)System.Numerics.BitOperations.Log2((uint)width);

    // Intel SDM Vol. 3A, "Interrupt 13": an instruction longer than 15 bytes, prefixes included.
    private static MicroOp* TooLong(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        Events.Faults.GeneralProtection(cpu);
        return null;
    }

    private static MicroOp* InvalidOpcode(CpuContext* cpu, MicroOp* op) => Events.Faults.RaiseAt(cpu, op, Vector.InvalidOpcode);

    private readonly void SetAddressSize()
    {
        int bytes = (Mode & CodeMode.Code64) != 0 ? sizeof(ulong) : sizeof(uint);
        Register register = Instruction.MemoryBase != Register.None ? Instruction.MemoryBase : Instruction.MemoryIndex;
        if (register != Register.None)
        {
            bytes = register.GetSize();
        }
        else if (HasMemory)
        {
            bytes = Instruction.MemoryDisplSize; // an absolute address is as long as the address size
        }
        else
        {
            for (int i = 0; i < Instruction.OpCount; i++)
            {
                bytes = Instruction.GetOpKind(i) switch
                {
                    OpKind.MemorySegSI or OpKind.MemorySegDI or OpKind.MemoryESDI => sizeof(ushort),
                    OpKind.MemorySegESI or OpKind.MemorySegEDI or OpKind.MemoryESEDI => sizeof(uint),
                    OpKind.MemorySegRSI or OpKind.MemorySegRDI or OpKind.MemoryESRDI => sizeof(ulong),
                    _ => bytes,
                };
            }
        }

        Op->AddressShift = (byte)(64 - (8 * bytes));
    }

    /// <summary>Makes a micro-op that calls the body registered for the instruction.</summary>
    /// <param name="handler">What calls it.</param>
    /// <param name="endsBlock">Whether nothing may follow it in its block.</param>
    public void General(delegate*<CpuContext*, MicroOp*, MicroOp*> handler, bool endsBlock)
    {
        FillOperands();
        int width = Width;
        if (width is 1 or 2 or 4 or 8)
        {
            SetSize(width);
        }

        Op->Body = Table.BodyOf(Mnemonic);
        Op->Handler = handler;
        EndsBlock |= endsBlock;
    }
}

/// <summary>Where Iced's registers lie in <see cref="CpuContext"/>.</summary>
internal static class RegisterOffsets
{
    /// <summary>Gives the offset of a register.</summary>
    /// <param name="register">A general register of any width, a segment register (its number then), or none.</param>
    /// <returns>The byte offset; for none, of the register that always reads 0.</returns>
    public static ushort Of(Register register)
    {
        if (register == Register.None)
        {
            return CpuContext.OffsetOfZero();
        }

        if (register is Register.RIP or Register.EIP)
        {
            return CpuContext.OffsetOfRip(); // blocks are decoded at address 0, so the displacement counts from their start
        }

        if (register.IsGPR8())
        {
            // Iced numbers them AL to BL, AH to BH, then SPL onwards: AH is RAX + 1, SPL is RSP.
            int number = register.GetNumber();
            bool high = register is >= Register.AH and <= Register.BH;
            return (ushort)(CpuContext.OffsetOfGeneral(number < 4 ? number : number - 4) + (high ? 1 : 0));
        }

        if (register.IsSegmentRegister())
        {
            return (ushort)(register - Register.ES);
        }

        if (register.IsXMM())
        {
            return CpuContext.OffsetOfXmm(register.GetNumber());
        }

        if (register.IsMM())
        {
            return CpuContext.OffsetOfMmx(register.GetNumber());
        }

        return register.IsGPR() ? CpuContext.OffsetOfGeneral(register.GetNumber()) : (ushort)register.GetNumber();
    }
}
