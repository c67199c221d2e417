using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Intercepts;

/// <summary>What an exit tells of its instruction. Intel SDM Vol. 3C, "Exit Qualification".</summary>
public sealed class QualificationTests
{
    private static readonly InterceptControls Everything = new()
    {
        Invlpg = InterceptMode.Exit,
        Cr0Read = InterceptMode.Exit,
        Cr0Write = InterceptMode.Exit,
        Cr3Read = InterceptMode.Exit,
        Cr3Write = InterceptMode.Exit,
        Cr4Write = InterceptMode.Exit,
        DebugRegisterRead = InterceptMode.Exit,
        DebugRegisterWrite = InterceptMode.Exit,
        Rdmsr = InterceptMode.Exit,
        Wrmsr = InterceptMode.Exit,
        SoftwareInterrupt = InterceptMode.Exit,
    };

    public static TheoryData<string, ulong, ulong> Forms => new()
    {
        { "mov cr0, ebp", 0x500, 0x11 },
        { "mov cr3, esi", 0x603, 0x6000 },
        { "mov cr4, edi", 0x704, 0 },
        { "mov ebx, cr3", 0x313, 0 },
        { "clts", 0x20, 0x11 },
        { "lmsw bp", 0x0011_0030, 0x11 },
        { "lmsw [esi]", 0x70, 0 },
        { "smsw ebx", 0x310, 0 },
        { "mov dr3, esi", 0x603, 0x6000 },
        { "mov ebx, dr6", 0x316, 0 },
        { "invlpg [esi+8]", 0x6008, 0 },
        { "rdmsr", 0x1B, 0 },
        { "wrmsr", 0x1B, 0x3_0000_0002 },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Exit_HasIntelsQualificationAndTheValue(string form, ulong qualification, ulong value)
    {
        using TestMachine machine = TestMachine.Protected(a => Emit(a, form));
        machine.Cpu.Intercepts = Everything;
        machine.Set(r => r with { Rax = 2, Rcx = 0x1B, Rdx = 3, Rbp = 0x11, Rsi = 0x6000 });
        VmExit exit = machine.Run();
        (exit.Reason, exit.Address, exit.Value).Should().Be((VmExitReason.Intercept, qualification, value));
    }

    [Fact]
    public void SoftwareInterrupt_TellsItsVector()
    {
        using TestMachine machine = TestMachine.Protected(a => a.@int(0x80));
        machine.Cpu.Intercepts = Everything;
        machine.Run().Should().Be(VmExit.InterceptedEvent(0, InterceptKind.SoftwareInterrupt, 0x80));
    }

    private static void Emit(Assembler a, string form)
    {
        switch (form)
        {
            case "mov cr0, ebp":
                a.mov(cr0, ebp);
                break;
            case "mov cr3, esi":
                a.mov(cr3, esi);
                break;
            case "mov cr4, edi":
                a.mov(cr4, edi);
                break;
            case "mov ebx, cr3":
                a.mov(ebx, cr3);
                break;
            case "clts":
                a.clts();
                break;
            case "lmsw bp":
                a.lmsw(bp);
                break;
            case "lmsw [esi]":
                a.lmsw(__word_ptr[esi]);
                break;
            case "smsw ebx":
                a.smsw(ebx);
                break;
            case "mov dr3, esi":
                a.mov(dr3, esi);
                break;
            case "mov ebx, dr6":
                a.mov(ebx, dr6);
                break;
            case "invlpg [esi+8]":
                a.invlpg(__[esi + 8]);
                break;
            case "rdmsr":
                a.rdmsr();
                break;
            default:
                a.wrmsr();
                break;
        }
    }
}
