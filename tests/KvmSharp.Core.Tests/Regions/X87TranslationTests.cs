using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Regions;

/// <summary>x87 instructions leave the same registers, status and exceptions translated and interpreted, whatever the numbers.</summary>
public class X87TranslationTests
{
    private const uint Input = 0x1_0000;
    private const uint Output = 0x4_0000;
    private const uint End = 0x8000;
    private const int InputBytes = 16;
    private const int OutputBytes = 64;

    [Theory]
    [InlineData(Code.Fadd_m64fp)]
    [InlineData(Code.Fsub_m64fp)]
    [InlineData(Code.Fsubr_m64fp)]
    [InlineData(Code.Fmul_m64fp)]
    [InlineData(Code.Fdiv_m64fp)]
    [InlineData(Code.Fdivr_m64fp)]
    [InlineData(Code.Fadd_m32fp)]
    [InlineData(Code.Fmul_m32fp)]
    [InlineData(Code.Fiadd_m32int)]
    [InlineData(Code.Fidiv_m16int)]
    [InlineData(Code.Fcom_m64fp)]
    [InlineData(Code.Fcom_m32fp)]
    public void Run_WithMemory_AsInterpreted(Code code) => Compare(code, a => a.AddInstruction(Instruction.Create(code, new MemoryOperand(Register.ESI, 8))));

    [Theory]
    [InlineData(Code.Fadd_st0_sti)]
    [InlineData(Code.Fsub_st0_sti)]
    [InlineData(Code.Fsubr_st0_sti)]
    [InlineData(Code.Fmul_st0_sti)]
    [InlineData(Code.Fdiv_st0_sti)]
    [InlineData(Code.Fdivr_st0_sti)]
    [InlineData(Code.Fxch_st0_sti)]
    [InlineData(Code.Fcom_st0_sti)]
    [InlineData(Code.Fucom_st0_sti)]
    [InlineData(Code.Fcomi_st0_sti)]
    [InlineData(Code.Fucomi_st0_sti)]
    public void Run_OnRegisters_AsInterpreted(Code code) => Compare(code, a =>
    {
        // The second operand has all 64 bits.
        a.fld(__qword_ptr[esi + 8]);
        a.fldpi();
        a.fmulp(st1, st0);
        a.fxch(st0, st1);
        a.AddInstruction(Instruction.Create(code, Register.ST0, Register.ST1));
        a.fstp(st1);
    });

    [Fact]
    public void Run_StoresAndSigns_AsInterpreted() => Compare(Code.INVALID, a =>
    {
        a.fst(__dword_ptr[edi + 32]);
        a.fst(__qword_ptr[edi + 36]);
        a.fist(__dword_ptr[edi + 44]);
        a.fist(__word_ptr[edi + 48]);
        a.fld(st0);
        a.fchs();
        a.fistp(__qword_ptr[edi + 52]);
        a.fabs();
        a.fld1();
        a.fldz();
        a.faddp(st2, st0);
        a.fmulp(st1, st0);
    });

    // The stack overflows and underflows, and is left turned.
    [Fact]
    public void Run_StackFaults_AsInterpreted() => Compare(Code.INVALID, a =>
    {
        for (int i = 0; i < 9; i++)
        {
            a.fld(__qword_ptr[esi + 8]);
        }

        for (int i = 0; i < 10; i++)
        {
            a.faddp(st1, st0);
        }

        a.fincstp();
    });

    private static void Compare(Code code, Action<Assembler> body)
    {
        foreach (ushort control in new ushort[] { 0x37F, 0x27F, 0xF7F })
        {
            Run(EngineKind.Translator, control, body).Should().Equal(Run(EngineKind.Interpreter, control, body), "{0}, control word {1:X}", code, control);
        }
    }

    private static byte[] Run(EngineKind engine, ushort control, Action<Assembler> body)
    {
        using TestMachine machine = TestMachine.On(engine, a =>
        {
            Label top = a.CreateLabel();
            a.mov(esi, Input);
            a.mov(edi, Output);
            a.fninit();
            a.fldcw(__word_ptr[End + 4]);
            a.Label(ref top);
            a.fnclex();
            a.fld(__qword_ptr[esi]);
            a.stc();
            body(a);
            a.lahf();
            a.mov(__dword_ptr[edi + 28], eax);
            a.fnstsw(ax);
            a.mov(__dword_ptr[edi + 24], eax);
            a.fstp(__tbyte_ptr[edi]);
            a.fnstsw(ax);
            a.mov(__dword_ptr[edi + 12], eax);
            a.add(esi, InputBytes);
            a.add(edi, OutputBytes);
            a.cmp(esi, __dword_ptr[End]);
            a.jb(top);
            a.hlt();
        });
        uint end = Input;
        foreach ((double first, double second) in FloatOperands.Pairs())
        {
            machine.Ram.Write(end, BitConverter.DoubleToUInt64Bits(first));
            machine.Ram.Write(end + 8, BitConverter.DoubleToUInt64Bits(second));
            end += InputBytes;
        }

        machine.Ram.Write(End, end);
        machine.Ram.Write(End + 4, control);
        machine.Cpu.Run(10_000_000).Reason.Should().Be(VmExitReason.Hlt);
        if (engine == EngineKind.Translator)
        {
            machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().BePositive();
        }

        byte[] results = new byte[(end - Input) / InputBytes * OutputBytes];
        machine.Ram.Read(Output, results);
        return results;
    }
}
