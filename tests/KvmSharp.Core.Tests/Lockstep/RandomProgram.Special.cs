using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using static KvmSharp.Tests.Lockstep.RandomOperations;

namespace KvmSharp.Tests.Lockstep;

/// <summary>What is not plain integer work: flags as data, the x87, vectors, faults, ports, the time-stamp counter.</summary>
internal sealed partial class RandomProgram
{
    private const int ArithmeticFlags = 0x8D5;
    private const int TestPort = 0x80;

    private static readonly Code[] X87Arithmetic =
        [Code.Fadd_st0_sti, Code.Fmul_st0_sti, Code.Fsub_st0_sti, Code.Fdiv_st0_sti, Code.Fsubr_sti_st0, Code.Fxch_st0_sti, Code.Fcomi_st0_sti, Code.Fld_sti];

    private static readonly Code[] X87Memory =
    [
        Code.Fld_m32fp, Code.Fld_m64fp, Code.Fild_m16int, Code.Fild_m32int, Code.Fadd_m32fp, Code.Fmul_m64fp, Code.Fstp_m32fp, Code.Fstp_m64fp, Code.Fstp_m80fp,
        Code.Fistp_m32int, Code.Fist_m16int, Code.Fild_m64int, Code.Fistp_m64int, Code.Fld_m80fp,
    ];

    private static readonly Code[] VectorOperations =
    [
        Code.Paddb_xmm_xmmm128, Code.Pxor_xmm_xmmm128, Code.Pmuludq_xmm_xmmm128, Code.Addps_xmm_xmmm128, Code.Punpcklbw_xmm_xmmm128, Code.Psubd_xmm_xmmm128,
        Code.Pcmpeqb_xmm_xmmm128, Code.Mulpd_xmm_xmmm128, Code.Paddq_xmm_xmmm128, Code.Pand_xmm_xmmm128,
    ];

    private static readonly Code[] VectorMemory =
        [Code.Movdqu_xmm_xmmm128, Code.Movups_xmm_xmmm128, Code.Movss_xmm_xmmm32, Code.Movsd_xmm_xmmm64, Code.Addsd_xmm_xmmm64, Code.Divss_xmm_xmmm32, Code.Ucomisd_xmm_xmmm64];

    private static readonly Code[] VectorStores = [Code.Movdqu_xmmm128_xmm, Code.Movups_xmmm128_xmm, Code.Movss_xmmm32_xmm, Code.Movsd_xmmm64_xmm, Code.Movq_xmmm64_xmm];

    private void Flags()
    {
        switch (_random.Next(7))
        {
            case 0:
                PushFlags();
                Pop(Register.AX, Register.EAX, Register.RAX);
                break;
            case 1:
                PushFlags();
                Pop(Register.CX, Register.ECX, Register.RCX);
                And(Register.ECX, ArithmeticFlags);
                Push(Register.CX, Register.ECX, Register.RCX);
                PopFlags();
                break;
            case 2:
                _c.lahf();
                break;
            case 3:
                _c.sahf();
                break;
            case 4:
                _c.stc();
                break;
            case 5:
                _c.cmc();
                break;
            default:
                _c.clc();
                break;
        }
    }

    private void FloatingPoint()
    {
        switch (_random.Next(4))
        {
            case 0:
                _c.AddInstruction(Instruction.Create(X87(out bool targetsFirst), targetsFirst ? Register.ST0 : Sti(), targetsFirst ? Sti() : Register.ST0));
                break;
            case 1:
                _c.fnstsw(ax);
                break;
            case 2 when _random.Next(4) == 0:
                _c.fninit();
                break;
            default:
                _c.AddInstruction(Instruction.Create(Pick<Code>(_random, X87Memory), Memory()));
                break;
        }
    }

    private void Vectors()
    {
        Register target = Register.XMM0 + _random.Next(_bits == 64 ? 16 : 8);
        Register source = Register.XMM0 + _random.Next(_bits == 64 ? 16 : 8);
        switch (_random.Next(6))
        {
            case 0:
                _c.AddInstruction(Instruction.Create(Pick<Code>(_random, VectorOperations), target, source));
                break;
            case 1:
                _c.AddInstruction(Instruction.Create(Code.Cvtsi2sd_xmm_rm32, target, Any(32)));
                break;
            case 2:
                _c.AddInstruction(Instruction.Create(Code.Cvttsd2si_r32_xmmm64, Any(32), source));
                break;
            case 3:
                _c.AddInstruction(Instruction.Create(Pick<Code>(_random, VectorStores), Memory(), source));
                break;
            case 4: // not aligned mostly: #GP
                MayFault(() => _c.AddInstruction(Instruction.Create(Pick<Code>(_random, VectorOperations), target, Memory())));
                break;
            default:
                _c.AddInstruction(Instruction.Create(Pick<Code>(_random, VectorMemory), target, Memory()));
                break;
        }
    }

    private void Special()
    {
        switch (_random.Next(12))
        {
            case 0:
                _c.rdtsc();
                break;
            case 1:
                _c.@out(TestPort, al);
                break;
            case 2:
                _c.@in(al, TestPort);
                break;
            case 3:
                MayFault(_c.ud2);
                break;
            case 4:
                _c.@int((sbyte)LockstepGuest.SoftwareInterrupt);
                break;
            case 5:
                FaultByAddress();
                break;
            case 6:
                _c.cwde();
                break;
            case 7:
                _c.cdq();
                break;
            case 8:
                Register saved = Pick<Register>(_random, Words);
                _c.AddInstruction(Instruction.Create(Code.Push_r16, saved));
                _c.AddInstruction(Instruction.Create(Code.Pop_r16, Pick<Register>(_random, Words)));
                break;
            case 9:
                _c.bswap(edx);
                break;
            case 10:
                Locked();
                break;
            default:
                _c.xchg(ecx, eax);
                break;
        }
    }

    private void Locked()
    {
        int width = Width();
        Instruction instruction = Instruction.Create(Enum.Parse<Code>($"Xadd_rm{width}_r{width}"), Memory(), Any(width));
        instruction.HasLockPrefix = true;
        _c.AddInstruction(instruction);
    }

    // Where the mode has something that faults: a page that is missing or read-only, a limit. Stores across the border fault half-way.
    private void FaultByAddress()
    {
        if (LockstepGuest.IsPaged(_mode))
        {
            uint page = _random.Next(2) == 0 ? LockstepGuest.MissingPage : LockstepGuest.ReadOnlyPage;
            MayFault(() => _c.add(__dword_ptr[page - (uint)_random.Next(5)], eax));
            MayFault(() => _c.mov(ecx, __dword_ptr[page - (uint)_random.Next(5)]));
        }
        else if (_mode == ProgramMode.Segmented32)
        {
            MayFault(() => _c.mov(__dword_ptr.fs[LockstepGuest.FsLimit - (uint)_random.Next(6)], eax));
        }
        else if (_mode == ProgramMode.Real16)
        {
            MayFault(() => _c.add(ax, __word_ptr[0xFFFF]));
        }
    }

    private Register Sti() => Register.ST0 + _random.Next(8);

    private Code X87(out bool targetsFirst)
    {
        Code code = Pick<Code>(_random, X87Arithmetic);
        targetsFirst = code != Code.Fsubr_sti_st0;
        return code;
    }

    private void PushFlags() => _c.AddInstruction(Instruction.Create(_bits switch { 16 => Code.Pushfw, 32 => Code.Pushfd, _ => Code.Pushfq }));

    private void PopFlags() => _c.AddInstruction(Instruction.Create(_bits switch { 16 => Code.Popfw, 32 => Code.Popfd, _ => Code.Popfq }));

    private void Push(Register word, Register doubleword, Register quadword) => _c.AddInstruction(_bits switch
    {
        16 => Instruction.Create(Code.Push_r16, word),
        32 => Instruction.Create(Code.Push_r32, doubleword),
        _ => Instruction.Create(Code.Push_r64, quadword),
    });

    private void Pop(Register word, Register doubleword, Register quadword) => _c.AddInstruction(_bits switch
    {
        16 => Instruction.Create(Code.Pop_r16, word),
        32 => Instruction.Create(Code.Pop_r32, doubleword),
        _ => Instruction.Create(Code.Pop_r64, quadword),
    });

    /// <summary>A register or a place in memory.</summary>
    private readonly record struct Operand(Register Register, MemoryOperand Memory, bool IsMemory)
    {
        public static Operand Of(Register register) => new(register, default, false);

        public static Operand Of(MemoryOperand memory) => new(Register.None, memory, true);
    }
}
