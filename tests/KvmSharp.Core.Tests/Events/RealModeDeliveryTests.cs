using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Events;

public class RealModeDeliveryTests
{
    [Fact]
    public void Deliver_SoftwareInterrupt_PushesFlagsSegmentAndNextAddress()
    {
        using var guest = new RealGuest();
        guest.RunToHandler(a => a.@int(0x21)).Should().Be(0x21);
        guest.Registers.Rsp.Should().Be(RealGuest.Stack - 6);
        (guest.StackWord(0), guest.StackWord(1), guest.StackWord(2)).Should().Be(((ushort)(RealGuest.Code + 2), (ushort)0, (ushort)0x202));
        (guest.Registers.Rflags & 0x200).Should().Be(0);
    }

    [Fact]
    public void Deliver_UndefinedOpcode_PushesItsOwnAddressAndNoErrorCode()
    {
        using var guest = new RealGuest();
        guest.RunToHandler(a =>
        {
            a.nop();
            a.ud2();
        }).Should().Be(6);
        guest.StackWord(0).Should().Be((ushort)(RealGuest.Code + 1));
        guest.Registers.Rsp.Should().Be(RealGuest.Stack - 6);
    }

    [Fact]
    public void Deliver_ProtectionFault_PushesNoErrorCode()
    {
        using var guest = new RealGuest();
        guest.RunToHandler(a => a.mov(__word_ptr[0xFFFF], ax)).Should().Be(13); // runs over the limit
        guest.Registers.Rsp.Should().Be(RealGuest.Stack - 6);
        guest.StackWord(0).Should().Be((ushort)RealGuest.Code);
    }

    [Fact]
    public void Deliver_VectorBeyondTheTable_DoubleFaults()
    {
        using var guest = new RealGuest();
        guest.Special = guest.Special with { Idt = new DescriptorTable(0, (8 * 4) + 3) };
        guest.RunToHandler(a => a.mov(__word_ptr[0xFFFF], ax)).Should().Be(8);
    }

    [Fact]
    public void Deliver_EmptyTable_ShutsDown()
    {
        using var guest = new RealGuest();
        guest.Special = guest.Special with { Idt = default };
        guest.Run(a => a.@int(0x21)).Reason.Should().Be(VmExitReason.Shutdown);
    }

    [Fact]
    public void Iret_FromHandler_RestoresFlagsAndGoesOn()
    {
        using var guest = new RealGuest();
        guest.Assemble(a => a.iret(), (RealGuest.HandlerSegment << 4) + (0x21 * 16));
        guest.Run(a =>
        {
            a.@int(0x21);
            a.mov(ax, 7);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        (guest.Registers.Rax, guest.Registers.Rsp, guest.Registers.Rflags).Should().Be((7ul, RealGuest.Stack, 0x202ul));
    }

    [Fact]
    public void CodeSegment_InRealMode_IsWritable()
    {
        using var guest = new RealGuest();
        guest.Run(a =>
        {
            a.mov(ax, 0x55AA);
            a.mov(__word_ptr.cs[0x5000], ax);
            a.jmp(0x100, RealGuest.Code - 0x1000 + 0x100); // loads CS anew
        });
        guest.Assemble(
            a =>
            {
                a.mov(__word_ptr.cs[0x5002], ax);
                a.hlt();
            },
            RealGuest.Code + 0x100);
        guest.Cpu.SetRegisters(guest.Registers with { Rip = RealGuest.Code, Rsp = RealGuest.Stack });
        guest.Special = guest.Special with { Cs = SegmentRegister.RealMode(0) };
        guest.Cpu.Run(1000).Reason.Should().Be(VmExitReason.Hlt);
        guest.Vm.Memory.Read<ushort>(0x5000).Should().Be(0x55AA);
        guest.Vm.Memory.Read<ushort>(0x6002).Should().Be(0x55AA);
        guest.Special.Cs.Base.Should().Be(0x1000);
    }

    [Fact]
    public void FarCallAndReturn_WithParameters_KeepTheStackBalanced()
    {
        using var guest = new RealGuest();
        guest.Assemble(a => a.retf(4), 0x9010);
        guest.Run(a =>
        {
            a.push(ds);
            a.push(ds);
            a.call(0x0900, 0x0010);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        (guest.Registers.Rsp, guest.Special.Cs.Selector).Should().Be((RealGuest.Stack, (ushort)0));
    }

    [Fact]
    public void UnrealMode_LimitFromProtectedMode_StaysAfterARealModeLoad()
    {
        using var guest = new RealGuest();
        guest.Vm.Memory.Write(0x1008, Descriptors.Flat(Descriptors.Data0));
        guest.Vm.Memory.Write(0x2000, (ushort)0x0F);
        guest.Vm.Memory.Write(0x2002, 0x1000u);
        guest.Run(a =>
        {
            a.cli();
            a.lgdt(__[0x2000]);
            a.mov(eax, cr0);
            a.mov(ebx, eax);
            a.mov(eax, 0x11);
            a.mov(cr0, eax);
            a.mov(cx, 8);
            a.mov(ds, cx);
            a.mov(cr0, ebx);
            a.mov(cx, 0);
            a.mov(ds, cx);
            a.mov(esi, 0x10_0000);
            a.mov(__dword_ptr[esi], ebx);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        guest.Vm.Memory.Read<uint>(0x10_0000).Should().Be((uint)guest.Registers.Rbx);
        guest.Special.Ds.Limit.Should().Be(uint.MaxValue);
    }
}
