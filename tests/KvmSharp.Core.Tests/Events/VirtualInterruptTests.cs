using Iced.Intel;
using KvmSharp.Tests.Guest;

namespace KvmSharp.Tests.Events;

/// <summary>CR4.VME and CR4.PVI: what programs with IOPL below 3 may do to their virtual interrupt flag.</summary>
public class VirtualInterruptTests
{
    private const ulong VirtualMode = 1 << 17;
    private const ulong VirtualInterrupt = 1 << 19;
    private const ulong VirtualPending = 1 << 20;
    private const ulong InterruptFlag = 1 << 9;
    private const ulong Iopl3 = 3 << 12;
    private const ulong Extensions = 1;
    private const ulong ProtectedInterrupts = 2;
    private const int Protection = 13;
    private const ushort Segment = 0x1000;
    private const uint CodeAt = 0x1_0000;
    private const uint StackTop = 0x800;
    private const uint ProgramHandler = 0x700;
    private const int Done = 6; // code ends with UD2

    [Theory]
    [InlineData(0ul, Protection)]
    [InlineData(Extensions, Done)]
    public void CliAndSti_InVirtualMode_NeedTheExtensions(ulong cr4, int vector)
    {
        using ProtectedGuest guest = Make(cr4, InterruptFlag);
        Run(guest, a => a.sti()).Should().Be(vector);
        if (vector == Done)
        {
            (FlagsOf(guest) & (VirtualInterrupt | InterruptFlag)).Should().Be(VirtualInterrupt | InterruptFlag);
        }
    }

    [Fact]
    public void Cli_WithTheExtensions_ClearsTheVirtualFlagOnly()
    {
        using ProtectedGuest guest = Make(Extensions, InterruptFlag | VirtualInterrupt);
        Run(guest, a => a.cli()).Should().Be(Done);
        (FlagsOf(guest) & (VirtualInterrupt | InterruptFlag)).Should().Be(InterruptFlag);
    }

    [Fact]
    public void Sti_WithAnInterruptPending_AsksTheSupervisor()
    {
        using ProtectedGuest guest = Make(Extensions, VirtualPending);
        Run(guest, a => a.sti()).Should().Be(Protection);
        (FlagsOf(guest) & VirtualInterrupt).Should().Be(0);
    }

    [Theory]
    [InlineData(0ul, 0u)]
    [InlineData(VirtualInterrupt, 0x200u)]
    public void Pushf_ShowsTheVirtualFlagAndFullPrivilege(ulong flags, uint shown)
    {
        using ProtectedGuest guest = Make(Extensions, flags);
        Run(guest, a => a.pushf()).Should().Be(Done);
        uint image = guest.Vm.Memory.Read<ushort>(CodeAt + StackTop - 2);
        (image & 0x3200).Should().Be(0x3000 | shown);
    }

    [Theory]
    [InlineData(0x0202u, 0ul, Done, true)]
    [InlineData(0x0002u, VirtualInterrupt, Done, false)]
    [InlineData(0x0202u, VirtualPending, Protection, false)]
    [InlineData(0x0102u, 0ul, Protection, false)] // TF
    public void Popf_SetsTheVirtualFlag(uint image, ulong flags, int vector, bool isSet)
    {
        using ProtectedGuest guest = Make(Extensions, flags);
        Run(guest, a =>
        {
            a.push((short)image);
            a.popf();
        }).Should().Be(vector);
        (FlagsOf(guest) & VirtualInterrupt).Should().Be(isSet ? VirtualInterrupt : 0);
        (FlagsOf(guest) & (InterruptFlag | Iopl3)).Should().Be(0);
    }

    [Fact]
    public void Popfd_WithTheExtensions_IsRefused()
    {
        using ProtectedGuest guest = Make(Extensions, 0);
        Run(guest, a => a.popfd()).Should().Be(Protection);
    }

    [Fact]
    public void Iret_SetsTheVirtualFlag()
    {
        using ProtectedGuest guest = Make(Extensions, 0);
        Run(guest, a =>
        {
            Label next = a.CreateLabel();
            a.push(0x0202);
            a.push((short)Segment);
            a.push(10); // three pushes and IRET
            a.iret();
            a.nop();
            a.nop();
            a.Label(ref next);
            a.nop();
        }).Should().Be(Done);
        (FlagsOf(guest) & VirtualInterrupt).Should().Be(VirtualInterrupt);
    }

    [Theory]
    [InlineData(false, 0ul)] // IOPL 0
    [InlineData(false, Iopl3)]
    public void IntN_BitClear_GoesToTheProgramsHandler(bool bit, ulong iopl)
    {
        using ProtectedGuest guest = Make(Extensions, iopl | VirtualInterrupt | InterruptFlag);
        SetRedirection(guest, 0x21, bit);
        Run(guest, a => a.@int(0x21)).Should().Be(Done);
        guest.StackItem(0).Should().Be(ProgramHandler, "that is where the UD2 was met");
        ulong flags = FlagsOf(guest);
        (flags & (iopl == 0 ? VirtualInterrupt : InterruptFlag)).Should().Be(0);
        (flags & (iopl == 0 ? InterruptFlag : VirtualInterrupt)).Should().NotBe(0);
        ((uint)guest.Vm.Memory.Read<ushort>(CodeAt + StackTop - 2) & 0x3200).Should().Be(0x3200);
        guest.Vm.Memory.Read<ushort>(CodeAt + StackTop - 6).Should().Be(2);
    }

    [Theory]
    [InlineData(0ul, Protection)]
    [InlineData(Iopl3, 0x21)]
    public void IntN_BitSet_GoesToTheSupervisor(ulong iopl, int vector)
    {
        using ProtectedGuest guest = Make(Extensions, iopl);
        guest.SetGate(0x21, Descriptors.InterruptGate(ProtectedGuest.Code0, ProtectedGuest.HandlerOf(0x21), 3));
        SetRedirection(guest, 0x21, bit: true);
        Run(guest, a => a.@int(0x21)).Should().Be(vector);
    }

    [Theory]
    [InlineData(0ul, 0ul, Protection)]
    [InlineData(ProtectedInterrupts, 0ul, Done)]
    [InlineData(ProtectedInterrupts, VirtualPending, Protection)]
    public void Sti_InAProtectedProgram_NeedsProtectedVirtualInterrupts(ulong cr4, ulong flags, int vector)
    {
        using var guest = new ProtectedGuest(3);
        guest.Special = guest.Special with { Cr4 = cr4 };
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = flags | 2 });
        guest.RunToHandler(a =>
        {
            a.sti();
            a.ud2();
        }).Should().Be(vector);
        (guest.StackItem(vector == Protection ? 3 : 2) & VirtualInterrupt).Should().Be(vector == Done ? VirtualInterrupt : 0);
    }

    private static ProtectedGuest Make(ulong cr4, ulong flags)
    {
        var guest = new ProtectedGuest();
        SegmentRegister data = SegmentRegister.RealMode(Segment) with { Dpl = 3, Type = 3 };
        guest.Special = guest.Special with { Cr4 = cr4, Cs = data, Ss = data, Ds = data, Es = data, Fs = data, Gs = data };
        guest.Cpu.SetRegisters(new GeneralRegisters { Rsp = StackTop, Rflags = flags | VirtualMode | 2 });

        // A TSS with both maps behind its fields: redirection, then ports.
        guest.Special = guest.Special with { Tr = guest.Special.Tr with { Limit = 0x68 + 32 + 8 } };
        guest.Vm.Memory.Write(ProtectedGuest.Tss + 102, (ushort)(0x68 + 32));
        guest.Vm.Memory.Write(0x21 * 4, ((uint)Segment << 16) | ProgramHandler);
        guest.Vm.Memory.Write(CodeAt + ProgramHandler, (ushort)0x0B0F);
        return guest;
    }

    private static void SetRedirection(ProtectedGuest guest, int vector, bool bit) =>
        guest.Vm.Memory.Write(ProtectedGuest.Tss + 0x68 + (uint)(vector / 8), (byte)(bit ? 1 << (vector % 8) : 0));

    private static int Run(ProtectedGuest guest, Action<Assembler> code)
    {
        var assembler = new Assembler(16);
        code(assembler);
        assembler.ud2();
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), 0);
        guest.Vm.Memory.Write(CodeAt, stream.ToArray());
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        return (int)((guest.Registers.Rip - 1 - ProtectedGuest.HandlerOf(0)) / (ProtectedGuest.HandlerOf(1) - ProtectedGuest.HandlerOf(0)));
    }

    // EFLAGS as the handler's frame shows them: behind the error code of a #GP.
    private static ulong FlagsOf(ProtectedGuest guest)
    {
        bool hasErrorCode = (guest.Registers.Rip - 1) == ProtectedGuest.HandlerOf(Protection);
        return guest.StackItem(hasErrorCode ? 3 : 2);
    }
}
