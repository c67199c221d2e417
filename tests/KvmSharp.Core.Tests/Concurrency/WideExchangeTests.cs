using Iced.Intel;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Concurrency;

/// <summary>CMPXCHG16B is indivisible for every other access of the same 16 bytes, locked or plain, narrow or wide.</summary>
/// <remarks>
/// The writer adds 1 to both halves at once. Whoever looks on must never see a sum that no moment had; and additions to one half by LOCK
/// instructions must not be lost between the comparison and the store.
/// </remarks>
public sealed class WideExchangeTests
{
    private const uint Rounds = 20_000;
    private const uint Value = LongGuest.Data;
    private const uint Stop = Value + 0x100;
    private const uint Failures = Value + 0x140;
    private const uint Other = LongGuest.Target;

    [Theory]
    [InlineData("xadd")]
    [InlineData("cmpxchg")]
    [InlineData("inc")]
    public void Cmpxchg16b_AgainstLockedAdditionsToTheHighHalf_LosesNone(string kind)
    {
        using var guest = new LongGuest();
        guest.Assemble(AddToBothHalves);
        guest.Assemble(a => AddToHighHalf(a, kind), Other);
        Run(guest);
        guest.Memory.Read<ulong>(Value).Should().Be(Rounds);
        guest.Memory.Read<ulong>(Value + 8).Should().Be(2 * Rounds);
    }

    [Fact]
    public void Cmpxchg16b_AgainstAnother_LosesNone()
    {
        using var guest = new LongGuest();
        guest.Assemble(AddToBothHalves);
        guest.Assemble(AddToBothHalves, Other);
        Run(guest);
        guest.Memory.Read<ulong>(Value).Should().Be(2 * Rounds);
        guest.Memory.Read<ulong>(Value + 8).Should().Be(2 * Rounds);
    }

    /// <summary>High before low: the low half may have moved on, but must never be behind. Low before high likewise. And a 16-byte load sees both equal.</summary>
    [Fact]
    public void Cmpxchg16b_PlainLoads_NeverSeeOneHalfOnly()
    {
        using var guest = new LongGuest();
        guest.Assemble(a =>
        {
            AddToBothHalves(a, end: b => b.mov(__dword_ptr[Stop], 1));
        });
        guest.Assemble(WatchBothHalves, Other);
        Run(guest);
        guest.Memory.Read<uint>(Failures).Should().Be(0);
        guest.Memory.Read<ulong>(Value).Should().Be(Rounds);
    }

    private static void Run(LongGuest guest)
    {
        guest.Special = guest.Special with { Cr4 = guest.Special.Cr4 | 0x600 };
        VirtualCpu other = guest.Vm.CreateVcpu(1);
        other.SetSpecialRegisters(guest.Special);
        other.SetRegisters(guest.Registers with { Rip = Other, Rsp = LongGuest.InnerStack });
        Crew.Run(guest.Cpu, other);
    }

    private static void AddToBothHalves(Assembler a) => AddToBothHalves(a, static _ => { });

    private static void AddToBothHalves(Assembler a, Action<Assembler> end)
    {
        Label top = a.CreateLabel();
        Label retry = a.CreateLabel();
        a.mov(esi, Rounds);
        a.Label(ref top);
        a.mov(rax, __qword_ptr[Value]);
        a.mov(rdx, __qword_ptr[Value + 8]);
        a.Label(ref retry);
        a.lea(rbx, __[rax + 1]);
        a.lea(rcx, __[rdx + 1]);
        a.@lock.cmpxchg16b(__xmmword_ptr[Value]);
        a.jne(retry);
        a.dec(esi);
        a.jne(top);
        end(a);
        a.hlt();
    }

    private static void AddToHighHalf(Assembler a, string kind)
    {
        Label top = a.CreateLabel();
        Label retry = a.CreateLabel();
        a.mov(esi, Rounds);
        a.Label(ref top);
        a.nop();
        switch (kind)
        {
            case "xadd":
                a.mov(eax, 1);
                a.@lock.xadd(__qword_ptr[Value + 8], rax);
                break;
            case "inc":
                a.@lock.inc(__qword_ptr[Value + 8]);
                break;
            default:
                a.mov(rax, __qword_ptr[Value + 8]);
                a.Label(ref retry);
                a.lea(rdx, __[rax + 1]);
                a.@lock.cmpxchg(__qword_ptr[Value + 8], rdx);
                a.jne(retry);
                break;
        }

        a.dec(esi);
        a.jne(top);
        a.hlt();
    }

    private static void WatchBothHalves(Assembler a)
    {
        Label top = a.CreateLabel();
        Label bad = a.CreateLabel();
        Label next = a.CreateLabel();
        a.Label(ref top);
        a.mov(rax, __qword_ptr[Value + 8]);
        a.mov(rbx, __qword_ptr[Value]);
        a.cmp(rbx, rax);
        a.jb(bad);
        a.mov(rax, __qword_ptr[Value]);
        a.mov(rbx, __qword_ptr[Value + 8]);
        a.cmp(rbx, rax);
        a.jb(bad);
        a.movdqa(xmm0, __xmmword_ptr[Value]);
        a.movq(rax, xmm0);
        a.psrldq(xmm0, 8);
        a.movq(rbx, xmm0);
        a.cmp(rax, rbx);
        a.je(next);
        a.Label(ref bad);
        a.inc(__dword_ptr[Failures]);
        a.Label(ref next);
        a.cmp(__dword_ptr[Stop], 0);
        a.je(top);
        a.hlt();
    }
}
