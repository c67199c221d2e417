using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Regions;

/// <summary>Floating-point instructions leave the same results, flags and exceptions translated and interpreted, whatever the numbers.</summary>
public class FloatTranslationTests
{
    private const uint Input = 0x1_0000;
    private const uint Output = 0x4_0000;
    private const uint Settings = 0x8000;
    private const int InputBytes = 32;
    private const int OutputBytes = 32;
    private const ulong VectorsEnabled = 0x600;
    private const uint PrecisionSeen = 0x1FA0;
    private const uint NothingSeen = 0x1F80;

    [Theory]
    [InlineData(Code.Addsd_xmm_xmmm64)]
    [InlineData(Code.Subsd_xmm_xmmm64)]
    [InlineData(Code.Mulsd_xmm_xmmm64)]
    [InlineData(Code.Divsd_xmm_xmmm64)]
    [InlineData(Code.Sqrtsd_xmm_xmmm64)]
    [InlineData(Code.Minsd_xmm_xmmm64)]
    [InlineData(Code.Maxsd_xmm_xmmm64)]
    [InlineData(Code.Addpd_xmm_xmmm128)]
    [InlineData(Code.Subpd_xmm_xmmm128)]
    [InlineData(Code.Mulpd_xmm_xmmm128)]
    [InlineData(Code.Divpd_xmm_xmmm128)]
    [InlineData(Code.Ucomisd_xmm_xmmm64)]
    [InlineData(Code.Comisd_xmm_xmmm64)]
    [InlineData(Code.Cvtsd2ss_xmm_xmmm64)]
    [InlineData(Code.Unpcklpd_xmm_xmmm128)]
    [InlineData(Code.Unpckhpd_xmm_xmmm128)]
    public void Run_Doubles_AsInterpreted(Code code) => Compare(code, isDouble: true, a => a.AddInstruction(Instruction.Create(code, Register.XMM0, Register.XMM1)));

    [Theory]
    [InlineData(Code.Addss_xmm_xmmm32)]
    [InlineData(Code.Subss_xmm_xmmm32)]
    [InlineData(Code.Mulss_xmm_xmmm32)]
    [InlineData(Code.Divss_xmm_xmmm32)]
    [InlineData(Code.Sqrtss_xmm_xmmm32)]
    [InlineData(Code.Minss_xmm_xmmm32)]
    [InlineData(Code.Maxss_xmm_xmmm32)]
    [InlineData(Code.Addps_xmm_xmmm128)]
    [InlineData(Code.Subps_xmm_xmmm128)]
    [InlineData(Code.Mulps_xmm_xmmm128)]
    [InlineData(Code.Divps_xmm_xmmm128)]
    [InlineData(Code.Ucomiss_xmm_xmmm32)]
    [InlineData(Code.Comiss_xmm_xmmm32)]
    [InlineData(Code.Cvtss2sd_xmm_xmmm32)]
    [InlineData(Code.Cvtdq2pd_xmm_xmmm64)]
    public void Run_Singles_AsInterpreted(Code code) => Compare(code, isDouble: false, a => a.AddInstruction(Instruction.Create(code, Register.XMM0, Register.XMM1)));

    [Theory]
    [InlineData(Code.Cvttsd2si_r32_xmmm64, true)]
    [InlineData(Code.Cvtsd2si_r32_xmmm64, true)]
    [InlineData(Code.Cvttss2si_r32_xmmm32, false)]
    [InlineData(Code.Cvtss2si_r32_xmmm32, false)]
    public void Run_ToIntegers_AsInterpreted(Code code, bool isDouble) =>
        Compare(code, isDouble, a => a.AddInstruction(Instruction.Create(code, Register.EBX, Register.XMM1)));

    // Each result of the host is used again, so that what is known of it is relied on.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Run_ChainOfOperations_AsInterpreted(bool isDouble) => Compare(Code.INVALID, isDouble, a =>
    {
        a.movsd(xmm2, __qword_ptr[esi]);
        a.mulsd(xmm2, xmm1);
        a.addsd(xmm0, xmm2);
        a.subsd(xmm0, xmm1);
        a.movapd(xmm3, xmm0);
        a.divsd(xmm3, xmm2);
        a.addpd(xmm0, xmm3);
        a.mulpd(xmm0, xmm0);
    });

    private static void Compare(Code code, bool isDouble, Action<Assembler> body)
    {
        foreach (uint mxcsr in new[] { PrecisionSeen, NothingSeen })
        {
            Run(EngineKind.Translator, isDouble, mxcsr, body).Should().Equal(Run(EngineKind.Interpreter, isDouble, mxcsr, body), "{0}, MXCSR {1:X}", code, mxcsr);
        }
    }

    private static byte[] Run(EngineKind engine, bool isDouble, uint mxcsr, Action<Assembler> body)
    {
        using TestMachine machine = TestMachine.On(engine, a =>
        {
            Label top = a.CreateLabel();
            a.mov(esi, Input);
            a.mov(edi, Output);
            a.Label(ref top);
            a.ldmxcsr(__dword_ptr[Settings]);
            a.movups(xmm0, __xmmword_ptr[esi]);
            a.movups(xmm1, __xmmword_ptr[esi + 16]);
            a.xor(ebx, ebx);
            a.stc();
            body(a);
            a.lahf();
            a.movups(__xmmword_ptr[edi], xmm0);
            a.mov(__dword_ptr[edi + 16], ebx);
            a.mov(__dword_ptr[edi + 20], eax);
            a.stmxcsr(__dword_ptr[edi + 24]);
            a.add(esi, InputBytes);
            a.add(edi, OutputBytes);
            a.cmp(esi, __dword_ptr[Settings + 4]);
            a.jb(top);
            a.hlt();
        });
        machine.Cpu.SetSpecialRegisters(machine.Cpu.GetSpecialRegisters() with { Cr4 = VectorsEnabled });
        uint end = Input;
        foreach ((double first, double second) in FloatOperands.Pairs())
        {
            Write(machine, end, first, second, isDouble);
            Write(machine, end + 16, second, first, isDouble);
            end += InputBytes;
        }

        machine.Ram.Write(Settings, mxcsr);
        machine.Ram.Write(Settings + 4, end);
        machine.Cpu.Run(10_000_000).Reason.Should().Be(VmExitReason.Hlt);
        if (engine == EngineKind.Translator)
        {
            machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().BePositive();
        }

        byte[] results = new byte[(end - Input) / InputBytes * OutputBytes];
        machine.Ram.Read(Output, results);
        return results;
    }

    private static void Write(TestMachine machine, uint at, double first, double second, bool isDouble)
    {
        if (isDouble)
        {
            machine.Ram.Write(at, BitConverter.DoubleToUInt64Bits(first));
            machine.Ram.Write(at + 8, BitConverter.DoubleToUInt64Bits(second));
        }
        else
        {
            machine.Ram.Write(at, FloatOperands.ToSingle(first));
            machine.Ram.Write(at + 4, FloatOperands.ToSingle(second));
            machine.Ram.Write(at + 8, FloatOperands.ToSingle(1 / second));
            machine.Ram.Write(at + 12, FloatOperands.ToSingle(first * second));
        }
    }
}
