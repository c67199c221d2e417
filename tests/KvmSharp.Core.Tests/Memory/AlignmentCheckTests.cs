using Iced.Intel;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Memory;

public class AlignmentCheckTests
{
    private const ulong AlignmentMask = 1 << 18;
    private const uint AlignmentFlag = 1 << 18;
    private const int AlignmentFault = 17;
    private const int GeneralProtection = 13;
    private const uint Odd = 0x9001;

    [Theory]
    [InlineData(3, true, true, true)]
    [InlineData(3, true, false, false)]
    [InlineData(3, false, true, false)]
    [InlineData(0, true, true, false)]
    public void Misaligned_NeedsPrivilegeThreeMaskAndFlag(int cpl, bool mask, bool flag, bool faults)
    {
        using ProtectedGuest guest = Make(cpl, mask, flag);
        Vector(guest, a => a.mov(eax, __dword_ptr[Odd])).Should().Be(faults ? AlignmentFault : null);
        if (faults)
        {
            guest.StackItem(0).Should().Be(0, "the error code is 0");
            guest.StackItem(1).Should().Be(ProtectedGuest.Code);
        }
    }

    public static TheoryData<string, bool> Accesses => new()
    {
        { "word at odd", true },
        { "word at even", false },
        { "doubleword at even", true },
        { "byte", false },
        { "store", true },
        { "read-modify-write", true },
        { "locked", true },
        { "exchange, aligned", false },
        { "push", true },
        { "string", true },
    };

    [Theory]
    [MemberData(nameof(Accesses))]
    public void Access_FaultsAsItsSizeSays(string access, bool faults)
    {
        using ProtectedGuest guest = Make(3, true, true);
        int? vector = Vector(guest, a =>
        {
            switch (access)
            {
                case "word at odd":
                    a.mov(ax, __word_ptr[Odd]);
                    break;
                case "word at even":
                    a.mov(ax, __word_ptr[Odd + 1]);
                    break;
                case "doubleword at even":
                    a.mov(eax, __dword_ptr[Odd + 1]);
                    break;
                case "byte":
                    a.mov(al, __byte_ptr[Odd]);
                    break;
                case "store":
                    a.mov(__dword_ptr[Odd], eax);
                    break;
                case "read-modify-write":
                    a.add(__dword_ptr[Odd], eax);
                    break;
                case "locked":
                    a.@lock.add(__dword_ptr[Odd], eax);
                    break;
                case "exchange, aligned":
                    a.xchg(__dword_ptr[Odd + 3], eax);
                    break;
                case "push":
                    a.lea(esp, __[esp - 2]);
                    a.push(eax);
                    break;
                default:
                    a.mov(esi, Odd);
                    a.mov(edi, Odd + 0x103);
                    a.movsd();
                    break;
            }
        });
        vector.Should().Be(faults ? AlignmentFault : null);
    }

    [Theory]
    [InlineData("movups load", null)]
    [InlineData("movups store", null)]
    [InlineData("movdqu", null)]
    [InlineData("lddqu", null)]
    [InlineData("movsd", AlignmentFault)] // 8 bytes
    [InlineData("movaps", GeneralProtection)]
    [InlineData("addps", GeneralProtection)]
    [InlineData("fxsave", GeneralProtection)]
    public void VectorOperand_Misaligned_FollowsItsOwnRule(string access, int? expected)
    {
        using ProtectedGuest guest = Make(3, true, true);
        guest.Special = guest.Special with { Cr4 = guest.Special.Cr4 | 0x600 }; // OSFXSR, OSXMMEXCPT
        Vector(guest, a =>
        {
            switch (access)
            {
                case "movups load":
                    a.movups(xmm0, __[Odd]);
                    break;
                case "movups store":
                    a.movups(__[Odd], xmm0);
                    break;
                case "movdqu":
                    a.movdqu(xmm0, __[Odd]);
                    break;
                case "lddqu":
                    a.lddqu(xmm0, __[Odd]);
                    break;
                case "movsd":
                    a.movsd(xmm0, __qword_ptr[Odd]);
                    break;
                case "movaps":
                    a.movaps(xmm0, __[Odd]);
                    break;
                case "addps":
                    a.addps(xmm0, __[Odd]);
                    break;
                default:
                    a.fxsave(__[Odd]);
                    break;
            }
        }).Should().Be(expected);
    }

    [Fact]
    public void Popf_SettingTheFlag_TakesEffectAtOnce()
    {
        using ProtectedGuest guest = Make(3, true, false);
        Vector(guest, a =>
        {
            a.mov(ebx, __dword_ptr[Odd]); // passes, and fills the TLB
            a.pushfd();
            a.or(__dword_ptr[esp], AlignmentFlag);
            a.popfd();
            a.mov(ecx, __dword_ptr[Odd - 1]);
            a.inc(edi);
            a.mov(ebx, __dword_ptr[Odd]);
        }).Should().Be(AlignmentFault);
        guest.Registers.Rdi.Should().Be(1);
    }

    [Fact]
    public void Popf_ClearingTheFlag_TakesEffectAtOnce()
    {
        using ProtectedGuest guest = Make(3, true, true);
        Vector(guest, a =>
        {
            a.pushfd();
            a.and(__dword_ptr[esp], ~AlignmentFlag);
            a.popfd();
            a.mov(ebx, __dword_ptr[Odd]);
        }).Should().BeNull();
    }

    private static ProtectedGuest Make(int cpl, bool mask, bool flag)
    {
        var guest = new ProtectedGuest(cpl);
        guest.Special = guest.Special with { Cr0 = guest.Special.Cr0 | (mask ? AlignmentMask : 0) };
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = flag ? AlignmentFlag | 2 : 2 });
        return guest;
    }

    // Code ends with INT 80h, whose gate programs may use.
    private static int? Vector(ProtectedGuest guest, Action<Assembler> code)
    {
        const int Done = 0x80;
        guest.SetGate(Done, Descriptors.InterruptGate(ProtectedGuest.Code0, ProtectedGuest.HandlerOf(Done), 3));
        int vector = guest.RunToHandler(a =>
        {
            code(a);
            a.@int(Done);
        });
        return vector == Done ? null : vector;
    }
}
