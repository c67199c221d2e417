using Iced.Intel;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Transfers;

public class LongModeTransferTests
{
    private const uint Star = 0xC000_0081;
    private const uint Lstar = 0xC000_0082;
    private const uint FlagMask = 0xC000_0084;
    private const ulong StarValue = ((ulong)(LongGuest.Compatible3 | 3) << 48) | ((ulong)LongGuest.Code0 << 32);

    [Fact]
    public void Syscall_ThenSysret_GoesInAndOutWithTheFlagsMasked()
    {
        using LongGuest guest = WithSystemCalls(cpl: 3);
        guest.Registers = guest.Registers with { Rflags = 0x602 };
        guest.Assemble(
            a =>
            {
                a.pushfq();
                a.pop(rdx);
                a.mov(bx, cs);
                a.mov(si, ss);
                a.sysretq();
            },
            LongGuest.Target);
        guest.RunToHandler(a =>
        {
            a.syscall();
            a.ud2();
        }).Should().Be(6);
        GeneralRegisters after = guest.Registers;
        (after.Rcx, after.R11, after.Rbx, after.Rsi).Should().Be((LongGuest.Code + 2UL, 0x602UL, (ulong)LongGuest.Code0, (ulong)LongGuest.Data0));
        after.Rdx.Should().Be(0x402, "SFMASK cleared IF and not DF");
        (guest.StackItem(0), guest.StackItem(1), guest.StackItem(4)).Should().Be((LongGuest.Code + 2UL, LongGuest.Code3, LongGuest.Data3));
        (guest.StackItem(2) & 0x600).Should().Be(0x600);
    }

    [Fact]
    public void Sysretd_EntersCompatibilityMode()
    {
        using LongGuest guest = WithSystemCalls(cpl: 0);
        guest.Assemble(a => a.ud2(), LongGuest.Target, bits: 32);
        guest.Registers = guest.Registers with { Rcx = 0x7_0000_0000 + LongGuest.Target, R11 = 2 };
        guest.RunToHandler(a => a.sysret()).Should().Be(6);
        (guest.StackItem(0), guest.StackItem(1)).Should().Be((LongGuest.Target, LongGuest.Compatible3));
    }

    [Theory]
    [InlineData(0, LongGuest.NotCanonical, 13)]
    [InlineData(3, LongGuest.Target, 13)]
    public void Sysret_Refused_Faults(int cpl, ulong target, int vector)
    {
        using LongGuest guest = WithSystemCalls(cpl);
        guest.Registers = guest.Registers with { Rcx = target };
        guest.RunToHandler(a => a.sysretq()).Should().Be(vector);
        guest.StackItem(2).Should().Be(guest.Special.Cs.Selector | (ulong)(cpl == 3 ? LongGuest.Code3 : LongGuest.Code0));
    }

    [Fact]
    public void Syscall_WithoutSce_IsUndefined()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.RunToHandler(a => a.syscall()).Should().Be(6);
    }

    [Fact]
    public void Syscall_InCompatibilityMode_IsUndefined()
    {
        using LongGuest guest = WithSystemCalls(cpl: 3);
        guest.Special = guest.Special with { Cs = SegmentRegister.FlatCode32(LongGuest.Compatible3) with { Dpl = 3 } };
        guest.RunToHandler(a => a.db(0x0F, 0x05)).Should().Be(6);
    }

    [Fact]
    public void Iretq_ToUser_LoadsStackAndPrivilege()
    {
        using var guest = new LongGuest();
        guest.Assemble(a => a.ud2(), LongGuest.Target);
        guest.RunToHandler(a => PushFrame(a, LongGuest.Code3, LongGuest.Data3, LongGuest.Target)).Should().Be(6);
        (guest.StackItem(0), guest.StackItem(1), guest.StackItem(3)).Should().Be((LongGuest.Target, LongGuest.Code3, 0x1_8000UL));
    }

    [Theory]
    [InlineData(LongGuest.Code0, 0, LongGuest.Target, 0)]                           // a null SS will do for the kernel
    [InlineData(LongGuest.Code3, 3, LongGuest.Target, 13)]                          // but not for users
    [InlineData(LongGuest.Code0, LongGuest.Data0, LongGuest.NotCanonical, 13)]
    [InlineData(LongGuest.Code0, LongGuest.Data3, LongGuest.Target, 13)]            // SS of another level
    [InlineData(LongGuest.Compatible0, 0, LongGuest.Target, 13)]                    // compatibility mode needs an SS
    public void Iretq_SameLevelFrames_AreJudged(ushort cs, ushort ss, ulong rip, int vector)
    {
        using var guest = new LongGuest();
        guest.Run(a => PushFrame(a, cs, ss, rip)).Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(vector == 0 ? LongGuest.Target + 1 : LongGuest.HandlerOf(vector) + 1);
    }

    [Fact]
    public void Iretq_NestedTask_IsRefused()
    {
        using var guest = new LongGuest();
        guest.Registers = guest.Registers with { Rflags = 0x4002 };
        guest.RunToHandler(a => PushFrame(a, LongGuest.Code0, LongGuest.Data0, LongGuest.Target)).Should().Be(13);
    }

    [Fact]
    public void FarReturn_ToCompatibilityModeAndFarJumpBack_KeepsOnlyTheLowHalf()
    {
        using var guest = new LongGuest();
        guest.Assemble(
            a =>
            {
                a.mov(ecx, eax);        // 32-bit code: clears the upper half
                a.inc(edx);             // 42h, a REX prefix in 64-bit code
                a.db(0xEA);             // jmp far
                a.dd(LongGuest.Data);
                a.dw(LongGuest.Code0);
            },
            LongGuest.Target,
            bits: 32);
        guest.Assemble(a => a.hlt(), LongGuest.Data);
        GeneralRegisters after = guest.RunToHalt(a =>
        {
            a.mov(rax, 0x1122_3344_5566_7788);
            a.mov(edx, 6);
            a.push(LongGuest.Compatible0);
            a.push((int)LongGuest.Target);
            a.db(0x48, 0xCB); // retfq
        });
        (after.Rax, after.Rcx, after.Rdx).Should().Be((0x1122_3344_5566_7788UL, 0x5566_7788UL, 7UL));
        guest.Special.Cs.LongMode.Should().BeTrue();
    }

    [Fact]
    public void CallGate_FromUser_SwitchesToRsp0WithoutParameters()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.SetCallGate(LongGuest.Free, LongGuest.High + LongGuest.Target, LongGuest.Code0);
        guest.Memory.Write(LongGuest.Data + 8, LongGuest.Free);
        guest.Registers = guest.Registers with { Rbx = LongGuest.Data };
        guest.Run(a => a.db(0x48, 0xFF, 0x5B, 0x00)).Reason.Should().Be(VmExitReason.Hlt); // call far [rbx], m16:64
        guest.Registers.Rip.Should().Be(LongGuest.High + LongGuest.Target + 1);
        guest.Registers.Rsp.Should().Be(LongGuest.InnerStack - 32);
        (guest.StackItem(0), guest.StackItem(1), guest.StackItem(2), guest.StackItem(3)).Should()
            .Be((LongGuest.Code + 4UL, LongGuest.Code3, LongGuest.Stack, LongGuest.Data3));
    }

    [Theory]
    [InlineData(0xE4)] // a 16-bit call gate
    [InlineData(0xE5)] // a task gate
    [InlineData(0xE9)] // a TSS
    public void FarCall_SystemTypesThatLongModeLacks_AreRefused(byte access)
    {
        using var guest = new LongGuest(cpl: 3);
        guest.SetCallGate(LongGuest.Free, LongGuest.Target, LongGuest.Code0, access);
        guest.Memory.Write(LongGuest.Data + 4, LongGuest.Free);
        guest.Registers = guest.Registers with { Rbx = LongGuest.Data };
        guest.RunToHandler(a => a.db(0xFF, 0x5B, 0x00)).Should().Be(13);
        guest.StackItem(0).Should().Be(LongGuest.Free);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SysenterAndSysexit_InLongMode_Use64BitRegisters(bool wide)
    {
        using var guest = new LongGuest(cpl: 3);
        guest.Cpu.SetMsr(0x174, LongGuest.Free); // code 50h, stack 58h; user 60h, 68h; 64-bit user 70h, 78h
        guest.Cpu.SetMsr(0x175, LongGuest.High + LongGuest.InnerStack);
        guest.Cpu.SetMsr(0x176, LongGuest.High + LongGuest.Target);
        guest.Assemble(
            a =>
            {
                a.mov(r8, rsp);
                a.mov(rcx, LongGuest.Stack);
                a.mov(rdx, LongGuest.Data);
                if (wide)
                {
                    a.sysexitq();
                }
                else
                {
                    a.sysexit();
                }
            },
            LongGuest.Target);
        guest.Assemble(a => a.ud2(), LongGuest.Data);
        guest.RunToHandler(a => a.sysenter()).Should().Be(6);
        guest.Registers.R8.Should().Be(LongGuest.High + LongGuest.InnerStack);
        guest.StackItem(1).Should().Be(wide ? 0x73UL : 0x63UL);
    }

    [Theory]
    [MemberData(nameof(NotCanonicalTargets))]
    public void NearBranch_NotCanonicalTarget_IsRefusedBeforeAnythingChanges(string name, byte[] code)
    {
        using var guest = new LongGuest();
        guest.Memory.Write(LongGuest.Stack, LongGuest.NotCanonical);
        guest.Registers = guest.Registers with { Rax = LongGuest.NotCanonical };
        guest.RunToHandler(a => a.db(code)).Should().Be(13, name);
        (guest.StackItem(0), guest.StackItem(1), guest.StackItem(4)).Should().Be((0UL, LongGuest.Code, LongGuest.Stack));
    }

    public static TheoryData<string, byte[]> NotCanonicalTargets => new()
    {
        { "jmp rax", [0xFF, 0xE0] },
        { "call rax", [0xFF, 0xD0] },
        { "ret", [0xC3] },
    };

    [Theory]
    [InlineData(0x06)]
    [InlineData(0x0E)]
    [InlineData(0x27)]
    [InlineData(0x37)]
    [InlineData(0x60)]
    [InlineData(0x61)]
    [InlineData(0x62)]
    [InlineData(0x82)]
    [InlineData(0x9A)]
    [InlineData(0xC4)]
    [InlineData(0xCE)]
    [InlineData(0xD4)]
    [InlineData(0xD6)]
    [InlineData(0xEA)]
    public void OpcodesThat64BitModeDropped_AreUndefined(byte opcode)
    {
        using var guest = new LongGuest();
        guest.RunToHandler(a => a.db(opcode, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)).Should().Be(6);
    }

    private static LongGuest WithSystemCalls(int cpl)
    {
        var guest = new LongGuest(cpl);
        guest.Cpu.SetMsr(0xC000_0080, LongGuest.LongModeBits | 1);
        guest.Cpu.SetMsr(Star, StarValue);
        guest.Cpu.SetMsr(Lstar, LongGuest.Target);
        guest.Cpu.SetMsr(FlagMask, 0x200);
        return guest;
    }

    private static void PushFrame(Assembler a, ushort cs, ushort ss, ulong rip)
    {
        a.push(ss);
        a.push(0x1_8000);
        a.push(2);
        a.push(cs);
        a.mov(rax, rip);
        a.push(rax);
        a.iretq();
    }
}
