using Iced.Intel;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.SystemRegisters;

public class LongModeRegisterTests
{
    private const uint Efer = 0xC000_0080;

    [Fact]
    public void LongMode_EnteredAndLeftByGuestCode_FollowsLmeAndPaging()
    {
        using var guest = new LongGuest();
        guest.Special = guest.Special with
        {
            Cs = SegmentRegister.FlatCode32(LongGuest.Compatible0),
            Cr0 = 0x11,
            Cr4 = 0,
            Efer = 0,
        };
        guest.Assemble(
            a =>
            {
                a.mov(eax, 0x20);
                a.mov(cr4, eax);
                a.mov(ecx, Efer);
                a.mov(eax, 0x100);
                a.xor(edx, edx);
                a.wrmsr();
                a.mov(eax, LongGuest.Pml4);
                a.mov(cr3, eax);
                a.mov(eax, 0x8000_0011);
                a.mov(cr0, eax);
                a.rdmsr();
                a.mov(esi, eax);
                a.mov(eax, 0x11);
                a.mov(cr0, eax);
                a.rdmsr();
                a.hlt();
            },
            bits: 32);
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        (guest.Registers.Rsi, guest.Registers.Rax).Should().Be((0x500UL, 0x100UL));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Paging_WithLme_NeedsPae(bool withPae)
    {
        using var guest = new LongGuest();
        guest.Special = guest.Special with
        {
            Cs = SegmentRegister.FlatCode32(LongGuest.Compatible0),
            Cr0 = 0x11,
            Cr4 = withPae ? 0x20UL : 0,
            Efer = 0,
            Idt = default,
        };
        guest.Cpu.SetMsr(Efer, 0x100);
        guest.Assemble(
            a =>
            {
                a.mov(eax, 0x8000_0011);
                a.mov(cr0, eax);
                a.hlt();
            },
            bits: 32);
        guest.Run().Reason.Should().Be(withPae ? VmExitReason.Hlt : VmExitReason.Shutdown);
    }

    [Theory]
    [InlineData("cr0", 0x0000_0011ul)]              // paging off from 64-bit code
    [InlineData("cr0", 0x1_8000_0011ul)]            // bits 63:32
    [InlineData("cr3", 0x100_0000_4000ul)]          // beyond 40 address bits
    [InlineData("cr4", 0x0ul)]                      // PAE off in long mode
    [InlineData("cr4", 0x1_0000_0020ul)]
    [InlineData("cr8", 0x10ul)]
    [InlineData("dr7", 0x1_0000_0400ul)]
    public void Move_RefusedValue_IsGeneralProtection(string register, ulong value)
    {
        using var guest = new LongGuest();
        SpecialRegisters before = guest.Special;
        guest.RunToHandler(a =>
        {
            a.mov(rax, value);
            Write(a, register);
        }).Should().Be(13);
        guest.Special.Should().BeEquivalentTo(before, o => o.Excluding(s => s.Ss).Excluding(s => s.Cs));
    }

    [Fact]
    public void Cr8_WrittenByTheGuest_ReadsBack()
    {
        using var guest = new LongGuest();
        guest.RunToHalt(a =>
        {
            a.mov(rax, 9);
            a.mov(cr8, rax);
            a.mov(rbx, cr8);
            a.hlt();
        }).Rbx.Should().Be(9);
        guest.Special.Cr8.Should().Be(9);
    }

    [Theory]
    [InlineData(Efer, 0x501ul, true)]
    [InlineData(Efer, 0x401ul, false)]               // LME off under paging
    [InlineData(Efer, 0x2500ul, false)]              // a reserved bit
    [InlineData(0xC000_0100u, 0xFFFF_8000_0000_0000ul, true)]
    [InlineData(0xC000_0100u, LongGuest.NotCanonical, false)]
    [InlineData(0xC000_0082u, LongGuest.NotCanonical, false)]
    public void Wrmsr_Values_AreJudged(uint index, ulong value, bool accepted)
    {
        using var guest = new LongGuest();
        guest.Run(a =>
        {
            a.mov(ecx, index);
            a.mov(rax, value);
            a.mov(rdx, rax);
            a.shr(rdx, 32);
            a.wrmsr();
            a.hlt();
        });
        (guest.Registers.Rip >= LongGuest.Code).Should().Be(accepted);
        (guest.Cpu.GetMsr(index) == value).Should().Be(accepted);
    }

    [Fact]
    public void SegmentBases_MsrSwapgsAndInstructions_ReachFsAndGs()
    {
        using var guest = new LongGuest();
        guest.Special = guest.Special with { Cr4 = guest.Special.Cr4 | (1 << 16) };
        guest.Memory.Write(LongGuest.Data + 0x10, 0x1111UL);
        guest.Memory.Write(LongGuest.Data + 0x110, 0x2222UL);
        guest.Cpu.SetMsr(0xC000_0101, LongGuest.Data);
        guest.Cpu.SetMsr(0xC000_0102, LongGuest.High + LongGuest.Data + 0x100);
        GeneralRegisters after = guest.RunToHalt(a =>
        {
            a.mov(rax, __qword_ptr.gs[0x10]);
            a.swapgs();
            a.mov(rbx, __qword_ptr.gs[0x10]);
            a.rdgsbase(rcx);
            a.mov(rdx, LongGuest.Data + 0x18);
            a.wrfsbase(rdx);
            a.mov(rsi, __qword_ptr.fs[-8]);
            a.hlt();
        });
        (after.Rax, after.Rbx, after.Rcx, after.Rsi).Should().Be((0x1111UL, 0x2222UL, LongGuest.High + LongGuest.Data + 0x100, 0x1111UL));
    }

    [Fact]
    public void SegmentBaseInstructions_WithoutCr4Bit_AreUndefined()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.RunToHandler(a => a.rdfsbase(rax)).Should().Be(6);
    }

    [Theory]
    [MemberData(nameof(StoresOfSystemRegisters))]
    public void UserModeInstructionPrevention_AtUserLevel_Refuses(byte[] code)
    {
        using var guest = new LongGuest(cpl: 3);
        guest.Special = guest.Special with { Cr4 = guest.Special.Cr4 | (1 << 11) };
        guest.Registers = guest.Registers with { Rbx = LongGuest.Data };
        guest.RunToHandler(a => a.db(code)).Should().Be(13);
    }

    public static TheoryData<byte[]> StoresOfSystemRegisters => new()
    {
        new byte[] { 0x0F, 0x01, 0x03 }, // sgdt [rbx]
        new byte[] { 0x0F, 0x01, 0x0B }, // sidt [rbx]
        new byte[] { 0x0F, 0x00, 0x03 }, // sldt [rbx]
        new byte[] { 0x0F, 0x00, 0x0B }, // str [rbx]
        new byte[] { 0x0F, 0x01, 0x23 }, // smsw [rbx]
    };

    [Fact]
    public void LoadTaskAndTables_LongForms_TakeSixtyFourBitBases()
    {
        using var guest = new LongGuest();
        guest.SetDescriptor(LongGuest.Free, Descriptors.System(LongGuest.Tss, 0x67, Descriptors.Tss32));
        guest.SetDescriptor(LongGuest.Free + 8, LongGuest.High >> 32);
        guest.Memory.Write(LongGuest.Data, (ushort)0xFF);
        guest.Memory.Write(LongGuest.Data + 2, LongGuest.High + LongGuest.Gdt);
        guest.RunToHalt(a =>
        {
            a.mov(eax, LongGuest.Free);
            a.ltr(ax);
            a.lgdt(__[LongGuest.Data]);
            a.sgdt(__[LongGuest.Data + 0x20]);
            a.hlt();
        });
        guest.Special.Tr.Base.Should().Be(LongGuest.High + LongGuest.Tss);
        guest.Special.Gdt.Should().Be(new DescriptorTable(LongGuest.High + LongGuest.Gdt, 0xFF));
        guest.Memory.Read<ulong>(LongGuest.Data + 0x22).Should().Be(LongGuest.High + LongGuest.Gdt);
    }

    [Theory]
    [InlineData(0x8000_0011ul, 0x20ul, 0x100ul, false)] // LME and PG without LMA
    [InlineData(0x8000_0011ul, 0x00ul, 0x500ul, false)] // no PAE
    [InlineData(0x0000_0011ul, 0x20ul, 0x500ul, false)] // LMA without PG
    [InlineData(0x0000_0011ul, 0x20ul, 0x100ul, true)]
    [InlineData(0x8000_0011ul, 0x20ul, 0x500ul, true)]
    public void SetSpecialRegisters_LongModeBits_MustFitTogether(ulong cr0, ulong cr4, ulong efer, bool accepted)
    {
        using var guest = new LongGuest();
        SpecialRegisters special = guest.Special;
        Action set = () => guest.Special = special with
        {
            Cr0 = cr0,
            Cr4 = cr4,
            Efer = efer,
            Cs = special.Cs with { LongMode = false, DefaultBig = true },
        };
        if (accepted)
        {
            set.Should().NotThrow();
        }
        else
        {
            set.Should().Throw<KvmException>();
        }
    }

    private static void Write(Assembler a, string register)
    {
        switch (register)
        {
            case "cr0":
                a.mov(cr0, rax);
                break;
            case "cr3":
                a.mov(cr3, rax);
                break;
            case "cr4":
                a.mov(cr4, rax);
                break;
            case "cr8":
                a.mov(cr8, rax);
                break;
            default:
                a.mov(dr7, rax);
                break;
        }
    }
}
