using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Intercepts;

/// <summary>One instruction that can be intercepted, with all that a test of it needs.</summary>
public sealed record InterceptCase(
    string Name, Action<Assembler> Code, Func<InterceptMode, InterceptControls> Controls, InterceptKind Kind, BasicExitReason Reason)
{
    /// <summary>The port that ends a test program.</summary>
    public const byte EndPort = 0xF4;

    private static readonly InterceptControls None = InterceptControls.None;

    public static IReadOnlyList<InterceptCase> All { get; } =
    [
        new("cpuid", a => a.cpuid(), m => None with { Cpuid = m }, InterceptKind.Cpuid, BasicExitReason.Cpuid),
        new("hlt", a => a.hlt(), m => None with { Hlt = m }, InterceptKind.Hlt, BasicExitReason.Hlt),
        new("invlpg", a => a.invlpg(__[0x5000]), m => None with { Invlpg = m }, InterceptKind.Invlpg, BasicExitReason.Invlpg),
        new("rdtsc", a => a.rdtsc(), m => None with { Rdtsc = m }, InterceptKind.Rdtsc, BasicExitReason.Rdtsc),
        new("rdtscp", a => a.rdtscp(), m => None with { Rdtsc = m }, InterceptKind.Rdtscp, BasicExitReason.Rdtscp),
        CrRead("mov eax, cr0", a => a.mov(eax, cr0), m => None with { Cr0Read = m }),
        CrRead("smsw", a => a.smsw(ax), m => None with { Cr0Read = m }),
        CrRead("mov eax, cr3", a => a.mov(eax, cr3), m => None with { Cr3Read = m }),
        CrRead("mov eax, cr4", a => a.mov(eax, cr4), m => None with { Cr4Read = m }),
        CrWrite("mov cr0", a => a.mov(cr0, ebp), m => None with { Cr0Write = m }),
        CrWrite("clts", a => a.clts(), m => None with { Cr0Write = m }),
        CrWrite("lmsw", a => a.lmsw(bp), m => None with { Cr0Write = m }),
        CrWrite("mov cr3", a => a.mov(cr3, esi), m => None with { Cr3Write = m }),
        CrWrite("mov cr4", a => a.mov(cr4, edi), m => None with { Cr4Write = m }),
        new("mov eax, dr7", a => a.mov(eax, dr7), m => None with { DebugRegisterRead = m }, InterceptKind.DebugRegisterRead, BasicExitReason.DebugRegisterAccess),
        new("mov dr0", a => a.mov(dr0, esi), m => None with { DebugRegisterWrite = m }, InterceptKind.DebugRegisterWrite, BasicExitReason.DebugRegisterAccess),
        new("rdmsr", a => a.rdmsr(), m => None with { Rdmsr = m }, InterceptKind.Rdmsr, BasicExitReason.Rdmsr),
        new("wrmsr", a => a.wrmsr(), m => None with { Wrmsr = m }, InterceptKind.Wrmsr, BasicExitReason.Wrmsr),
        new("int n", a => a.@int(0x40), m => None with { SoftwareInterrupt = m }, InterceptKind.SoftwareInterrupt, BasicExitReason.ExceptionOrNmi),
        Exception("int3", a => a.int3(), 3),
        Exception("into", a => a.into(), 4),
        Exception("int1", a => a.int1(), 1),
        Exception("ud2", a => a.ud2(), 6),
        Exception("div", a => a.div(bl), 0),
    ];

    /// <summary>Makes a machine that is about to run the instruction between two others, with handlers for its events.</summary>
    internal TestMachine Create(int bits)
    {
        void Program(Assembler a)
        {
            a.add(edx, 0x7FFF_FFFF); // OF for INTO; and flags that are live when the instruction is stopped
            Code(a);
            a.mov(cl, al);
            a.@out(EndPort, al);
        }

        TestMachine machine = bits == 32 ? TestMachine.Protected(Program) : TestMachine.Real(Program);
        foreach (byte vector in (byte[])[0, 1, 3, 4, 6, 0x40])
        {
            bool isFault = vector is 0 or 6;
            machine.Handle(vector, a =>
            {
                a.inc(esi);
                if (isFault)
                {
                    a.add(__dword_ptr[esp], 2); // over the instruction, which is two bytes long
                }

                if (bits == 32)
                {
                    a.iretd();
                }
                else
                {
                    a.iret();
                }
            });
        }

        machine.Set(r => r with { Rax = 1, Rcx = 0x10, Rdx = 1, Rsp = bits == 32 ? r.Rsp : 0x7000, Rbp = bits == 32 ? 0x11UL : 0x10UL, Rsi = 0x9000 });
        return machine;
    }

    public override string ToString() => Name;

    private static InterceptCase CrRead(string name, Action<Assembler> code, Func<InterceptMode, InterceptControls> controls) =>
        new(name, code, controls, InterceptKind.ControlRegisterRead, BasicExitReason.ControlRegisterAccess);

    private static InterceptCase CrWrite(string name, Action<Assembler> code, Func<InterceptMode, InterceptControls> controls) =>
        new(name, code, controls, InterceptKind.ControlRegisterWrite, BasicExitReason.ControlRegisterAccess);

    private static InterceptCase Exception(string name, Action<Assembler> code, byte vector) =>
        new(name, code, m => None.WithException(vector, m), InterceptKind.Exception, BasicExitReason.ExceptionOrNmi);
}
