using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Segmentation;

public class SegmentLoadTests
{
    public static TheoryData<ulong, ushort, int> Refusals => new()
    {
        { Descriptors.Flat(Descriptors.Data0), 0x40, -1 },
        { Descriptors.NotPresent(Descriptors.Flat(Descriptors.Data0)), 0x40, 11 },
        { Descriptors.Flat(Descriptors.Data0), 0x43, 13 },                    // RPL 3 above DPL 0
        { Descriptors.Flat(Descriptors.Data3), 0x43, -1 },
        { Descriptors.Flat(Descriptors.Code0), 0x40, -1 },                    // readable code
        { Descriptors.Flat(0x98), 0x40, 13 },                                 // execute-only code
        { Descriptors.Flat(Descriptors.Conforming0), 0x43, -1 },              // conforming: no privilege check
        { Descriptors.System(0, 0x67, Descriptors.Tss32), 0x40, 13 },
        { Descriptors.Flat(Descriptors.Data0), 0x44, 13 },                    // no LDT
        { Descriptors.Flat(Descriptors.Data0), 0x00, -1 },                    // null is allowed
    };

    public static TheoryData<ulong, ushort, int> StackRefusals => new()
    {
        { Descriptors.Flat(Descriptors.Data0), 0x40, -1 },
        { Descriptors.NotPresent(Descriptors.Flat(Descriptors.Data0)), 0x40, 12 },
        { Descriptors.Flat(Descriptors.Data0), 0x43, 13 },
        { Descriptors.Flat(Descriptors.Data3), 0x40, 13 },
        { Descriptors.Flat(0x90), 0x40, 13 },                                 // read-only
        { Descriptors.Flat(Descriptors.Code0), 0x40, 13 },
        { Descriptors.Flat(Descriptors.Data0), 0x03, 13 },                    // null, any RPL
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void MovDs_Descriptor_IsCheckedAsTheManualSays(ulong descriptor, ushort selector, int vector) =>
        Check(descriptor, selector, vector, stack: false);

    [Theory]
    [MemberData(nameof(StackRefusals))]
    public void MovSs_Descriptor_IsCheckedAsTheManualSays(ulong descriptor, ushort selector, int vector) =>
        Check(descriptor, selector, vector, stack: true);

    [Fact]
    public void MovDs_FreshDescriptor_SetsTheAccessedBitInTheTable()
    {
        using var guest = new ProtectedGuest();
        guest.SetDescriptor(0x40, Descriptors.Segment(0x1234_5678, 0x9ABCD, Descriptors.Data0, 0x4));
        guest.Run(a =>
        {
            a.mov(eax, 0x40);
            a.mov(ds, eax);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        SegmentRegister loaded = guest.Special.Ds;
        (loaded.Base, loaded.Limit, loaded.Type).Should().Be((0x1234_5678ul, 0x9ABCDu, (byte)3));
        guest.GetDescriptor(0x40).Should().Be(Descriptors.Segment(0x1234_5678, 0x9ABCD, Descriptors.Data0 | 1, 0x4));
    }

    [Fact]
    public void MovDs_NullSelector_MakesUseFault()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(eax, 3);
            a.mov(ds, eax);
            a.mov(eax, __dword_ptr[0x5000]);
        }).Should().Be(13);
        guest.StackItem(0).Should().Be(0);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code + 7);
    }

    [Fact]
    public void Les_NotPresentSegment_ChangesNeitherRegister()
    {
        using var guest = new ProtectedGuest();
        guest.SetDescriptor(0x40, Descriptors.NotPresent(Descriptors.Flat(Descriptors.Data0)));
        guest.Vm.Memory.Write(0x5000, 0x1111_2222u);
        guest.Vm.Memory.Write(0x5004, (ushort)0x40);
        guest.RunToHandler(a => a.les(ebx, __fword_ptr[0x5000])).Should().Be(11);
        guest.Registers.Rbx.Should().Be(0);
        guest.Special.Es.Selector.Should().Be(ProtectedGuest.Data0);
    }

    [Fact]
    public void PopSs_InRing0_LoadsAndCountsTheOldStackUp()
    {
        using var guest = new ProtectedGuest();
        guest.SetDescriptor(0x40, Descriptors.Flat(Descriptors.Data0));
        guest.Vm.Memory.Write(ProtectedGuest.Stack, 0x40u);
        guest.Run(a =>
        {
            a.pop(ss);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        (guest.Special.Ss.Selector, guest.Registers.Rsp).Should().Be(((ushort)0x40, ProtectedGuest.Stack + 4ul));
    }

    [Fact]
    public void LarLslVerwArpl_KnownSelector_AnswerInZeroFlag()
    {
        using var guest = new ProtectedGuest();
        guest.Run(a =>
        {
            a.mov(ebx, ProtectedGuest.Data3);
            a.lar(ecx, ebx);
            a.lsl(edx, ebx);
            a.mov(eax, ProtectedGuest.Code3);
            a.verw(ax); // code is never writable: ZF clear
            a.pushfd();
            a.mov(eax, ProtectedGuest.Code0);
            a.mov(esi, 3);
            a.arpl(ax, si);
            a.pushfd();
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        GeneralRegisters registers = guest.Registers;
        (registers.Rcx, registers.Rdx, registers.Rax).Should().Be((0x00CF_F200ul, 0xFFFF_FFFFul, (ulong)ProtectedGuest.Code0 | 3));
        (guest.StackItem(1) & 0x40).Should().Be(0);
        (guest.StackItem(0) & 0x40).Should().Be(0x40);
    }

    [Fact]
    public void Lldt_ThenLocalSelector_ReadsTheLocalTable()
    {
        using var guest = new ProtectedGuest();
        guest.SetDescriptor(0x40, Descriptors.System(0x4000, 0x0F, Descriptors.Ldt));
        guest.Vm.Memory.Write(0x4008, Descriptors.Segment(0x7000, 0xFFF, Descriptors.Data0, 0x4));
        guest.RunToHandler(a =>
        {
            a.mov(eax, 0x40);
            a.lldt(ax);
            a.mov(eax, 0x0C);
            a.mov(es, eax);
            a.mov(eax, 0x14); // beyond the LDT
            a.mov(fs, eax);
        }).Should().Be(13);
        guest.Special.Es.Base.Should().Be(0x7000);
        guest.StackItem(0).Should().Be(0x14);
    }

    [Fact]
    public void Ltr_AvailableTss_BecomesBusyAndIsRefusedTwice()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(eax, ProtectedGuest.OtherTssSelector);
            a.ltr(ax);
            a.ltr(ax);
        }).Should().Be(13);
        guest.StackItem(0).Should().Be(ProtectedGuest.OtherTssSelector);
        (guest.Special.Tr.Base, guest.Special.Tr.Type).Should().Be((ProtectedGuest.OtherTss, (byte)0xB));
        (guest.GetDescriptor(ProtectedGuest.OtherTssSelector) >> 40 & 0xF).Should().Be(0xB);
    }

    private static void Check(ulong descriptor, ushort selector, int vector, bool stack)
    {
        using var guest = new ProtectedGuest();
        guest.SetDescriptor(0x40, descriptor);
        guest.Assemble(a =>
        {
            a.mov(eax, selector);
            if (stack)
            {
                a.mov(ss, eax);
            }
            else
            {
                a.mov(ds, eax);
            }

            a.hlt();
        });
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        if (vector < 0)
        {
            (stack ? guest.Special.Ss : guest.Special.Ds).Selector.Should().Be(selector);
            guest.Registers.Rip.Should().Be(ProtectedGuest.Code + 8);
            return;
        }

        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(vector) + 1);
        guest.StackItem(0).Should().Be(selector & ~3u);
        (stack ? guest.Special.Ss : guest.Special.Ds).Selector.Should().Be(ProtectedGuest.Data0);
    }
}
