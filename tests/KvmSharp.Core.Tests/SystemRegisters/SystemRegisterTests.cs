using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.SystemRegisters;

public class SystemRegisterTests
{
    public static TheoryData<byte[]> Privileged => new()
    {
        new byte[] { 0xF4 },                                           // HLT
        new byte[] { 0x0F, 0x20, 0xC0 },                               // MOV EAX, CR0
        new byte[] { 0x0F, 0x22, 0xD8 },                               // MOV CR3, EAX
        new byte[] { 0x0F, 0x21, 0xC0 },                               // MOV EAX, DR0
        new byte[] { 0x0F, 0x23, 0xF8 },                               // MOV DR7, EAX
        new byte[] { 0x0F, 0x01, 0x15, 0x00, 0x50, 0x00, 0x00 },       // LGDT
        new byte[] { 0x0F, 0x01, 0x1D, 0x00, 0x50, 0x00, 0x00 },       // LIDT
        new byte[] { 0x0F, 0x01, 0xF0 },                               // LMSW AX
        new byte[] { 0x0F, 0x01, 0x3D, 0x00, 0x50, 0x00, 0x00 },       // INVLPG
        new byte[] { 0x0F, 0x00, 0xD0 },                               // LLDT AX
        new byte[] { 0x0F, 0x00, 0xD8 },                               // LTR AX
        new byte[] { 0x0F, 0x06 },                                     // CLTS
        new byte[] { 0x0F, 0x08 },                                     // INVD
        new byte[] { 0x0F, 0x09 },                                     // WBINVD
        new byte[] { 0x0F, 0x30 },                                     // WRMSR
        new byte[] { 0x0F, 0x32 },                                     // RDMSR
        new byte[] { 0x0F, 0x33 },                                     // RDPMC
        new byte[] { 0x0F, 0x35 },                                     // SYSEXIT
        new byte[] { 0xFA },                                           // CLI
        new byte[] { 0xFB },                                           // STI
    };

    [Theory]
    [MemberData(nameof(Privileged))]
    public void PrivilegedInstruction_AtLevel3_RaisesProtectionFaultZero(byte[] code)
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.RunToHandler(a => a.db(code)).Should().Be(13);
        guest.StackItem(0).Should().Be(0);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code);
    }

    [Theory]
    [InlineData(0, 0x8000_0000u)] // PG without PE
    [InlineData(0, 0x2000_0001u)] // NW without CD
    [InlineData(4, 0x0000_2000u)] // VMXE is not offered
    [InlineData(4, 0x8000_0000u)]
    public void MovCr_RefusedValue_FaultsAndChangesNothing(int register, uint value)
    {
        using var guest = new ProtectedGuest();
        SpecialRegisters before = guest.Special;
        guest.RunToHandler(a =>
        {
            a.mov(eax, value);
            if (register == 0)
            {
                a.mov(cr0, eax);
            }
            else
            {
                a.mov(cr4, eax);
            }
        }).Should().Be(13);
        (guest.Special.Cr0, guest.Special.Cr4).Should().Be((before.Cr0, before.Cr4));
    }

    [Fact]
    public void Lmsw_Cleared_LeavesProtectionOn()
    {
        using var guest = new ProtectedGuest();
        guest.Run(a =>
        {
            a.mov(eax, 0xE);
            a.lmsw(ax);
            a.smsw(ecx);
            a.mov(eax, 0);
            a.lmsw(ax);
            a.smsw(edx);
            a.hlt();
        });
        (guest.Registers.Rcx & 0xF, guest.Registers.Rdx & 0xF).Should().Be((0xFul, 1ul));
    }

    [Fact]
    public void MovDr4_AliasUntilDebuggingExtensions_ThenUndefined()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(eax, 0x3);
            a.mov(dr5, eax);
            a.mov(ebx, dr7);
            a.mov(eax, 8);
            a.mov(cr4, eax);
            a.mov(ecx, dr4);
        }).Should().Be(6);
        guest.Registers.Rbx.Should().Be(0x403); // bit 10 is always 1
    }

    [Fact]
    public void LgdtAndSgdt_NarrowOperand_CarryTwentyFourBaseBits()
    {
        using var guest = new ProtectedGuest();
        guest.Vm.Memory.Write(0x5000, (ushort)0x1234);
        guest.Vm.Memory.Write(0x5002, 0x8912_3456u);
        guest.Run(a =>
        {
            a.db(0x66, 0x0F, 0x01, 0x1D, 0x00, 0x50, 0x00, 0x00); // LIDT, 16-bit operand
            a.sidt(__[0x5010]);
            a.hlt();
        });
        guest.Special.Idt.Should().Be(new DescriptorTable(0x12_3456, 0x1234));
        guest.Vm.Memory.Read<ushort>(0x5010).Should().Be(0x1234);
        guest.Vm.Memory.Read<uint>(0x5012).Should().Be(0x12_3456);
    }

    [Fact]
    public void Msr_WriteThenRead_RoundTripsAndUnknownOnesFault()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(ecx, 0x176);
            a.mov(eax, 0x1234_5678);
            a.mov(edx, 0);
            a.wrmsr();
            a.mov(eax, 0);
            a.rdmsr();
            a.mov(ebx, eax);
            a.mov(ecx, 0xC000_0085);
            a.rdmsr();
        }).Should().Be(13);
        guest.Registers.Rbx.Should().Be(0x1234_5678);
    }

    [Fact]
    public void WrmsrTsc_SetsWhatRdtscCountsFrom()
    {
        using var guest = new ProtectedGuest();
        guest.Run(a =>
        {
            a.mov(ecx, 0x10);
            a.mov(eax, 0x100);
            a.mov(edx, 5);
            a.wrmsr();
            a.nop();
            a.rdtsc();
            a.hlt();
        });
        guest.Registers.Rdx.Should().Be(5);
        guest.Registers.Rax.Should().Be(0x102); // two instructions later
    }

    [Fact]
    public void Rdtsc_WithTimeStampDisable_FaultsAtLevel3()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.Special = guest.Special with { Cr4 = 4 };
        guest.RunToHandler(a => a.rdtsc()).Should().Be(13);
    }

    [Fact]
    public void Cpuid_LeafZero_NamesTheVendor()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.RunToHandler(a =>
        {
            a.mov(eax, 0);
            a.cpuid();
            a.ud2();
        }).Should().Be(6);
        (guest.Registers.Rbx, guest.Registers.Rdx, guest.Registers.Rcx).Should().Be((0x756E_6547ul, 0x4965_6E69ul, 0x6C65_746Eul));
    }

    [Fact]
    public void Popf_AtLevel3_LeavesIoplAndInterruptFlag()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.Vm.Memory.Write(ProtectedGuest.Stack, 0x0020_3ED7u & ~0x100u); // ID, IOPL 3, IF, arithmetic flags, no TF
        guest.RunToHandler(a =>
        {
            a.popfd();
            a.ud2();
        }).Should().Be(6);
        (guest.StackItem(2) & 0x0020_FFFF).Should().Be(0x0020_0CD7);
    }

    [Fact]
    public void Sti_ThenOneInstruction_IsShadowed()
    {
        using var guest = new ProtectedGuest();
        guest.Assemble(a =>
        {
            a.sti();
            a.nop();
            a.nop();
            a.hlt();
        });
        guest.Cpu.Interrupt(0x40);
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(0x40) + 1);
        guest.StackItem(0).Should().Be(ProtectedGuest.Code + 2);
    }

    [Fact]
    public void MovSs_ThenMovEsp_LetsNoInterruptBetween()
    {
        using var guest = new ProtectedGuest();
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = 0x202, Rax = ProtectedGuest.Data0, Rbx = 0x1_8000 });
        guest.Assemble(a =>
        {
            a.mov(ss, eax);
            a.mov(esp, ebx);
            a.nop();
        });
        guest.Cpu.Run(1).InterruptCause.Should().Be(InterruptCause.Budget);
        guest.Cpu.Interrupt(0x40);
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        guest.StackItem(0).Should().Be(ProtectedGuest.Code + 4);
        guest.Registers.Rsp.Should().Be(0x1_8000 - 12);
    }
}
