using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Tasks;

public class TaskSwitchTests
{
    private const ushort TaskGate = ProtectedGuest.Free;
    private const uint OtherStack = 0x4_0000;
    private const uint NestedTask = 0x4000;
    private const uint ResumeFlag = 1 << 16;
    private const ulong BusyBit = 1ul << 41;

    [Fact]
    public void Jmp_ToTss_SavesTheOldTaskAndLoadsTheNew()
    {
        using ProtectedGuest guest = Create();
        Switch(guest, a =>
        {
            a.mov(eax, 0x1234_5678);
            a.mov(edi, 0x8765_4321);
            a.jmp(ProtectedGuest.OtherTssSelector, 0);
        });
        ulong old = ProtectedGuest.Tss;
        guest.Vm.Memory.Read<uint>(old + 0x20).Should().Be(ProtectedGuest.Code + 17); // behind the JMP
        guest.Vm.Memory.Read<uint>(old + 0x28).Should().Be(0x1234_5678);
        guest.Vm.Memory.Read<uint>(old + 0x38).Should().Be(ProtectedGuest.Stack);
        guest.Vm.Memory.Read<uint>(old + 0x44).Should().Be(0x8765_4321);
        guest.Vm.Memory.Read<ushort>(old + 0x4C).Should().Be(ProtectedGuest.Code0);
        (guest.Registers.Rip, guest.Registers.Rsp).Should().Be((ProtectedGuest.Target + 1ul, (ulong)OtherStack));
        (guest.Registers.Rax, guest.Registers.Rdi).Should().Be((0xAAAAul, 0xD1D1ul));
        (guest.Special.Tr.Selector, guest.Special.Cr0 & 8).Should().Be((ProtectedGuest.OtherTssSelector, 8ul));
        IsBusy(guest, ProtectedGuest.TssSelector).Should().BeFalse();
        IsBusy(guest, ProtectedGuest.OtherTssSelector).Should().BeTrue();
        (guest.Registers.Rflags & NestedTask).Should().Be(0);
    }

    [Fact]
    public void Call_ToTss_NestsAndIretGoesBack()
    {
        using ProtectedGuest guest = Create();
        guest.Assemble(a => a.iretd(), ProtectedGuest.Target);
        guest.Run(a =>
        {
            a.mov(ebx, 7);
            a.call(ProtectedGuest.OtherTssSelector, 0);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.Code + 13);
        guest.Registers.Rbx.Should().Be(7);
        guest.Special.Tr.Selector.Should().Be(ProtectedGuest.TssSelector);
        IsBusy(guest, ProtectedGuest.TssSelector).Should().BeTrue();
        IsBusy(guest, ProtectedGuest.OtherTssSelector).Should().BeFalse();
        guest.Vm.Memory.Read<ushort>(ProtectedGuest.OtherTss).Should().Be(ProtectedGuest.TssSelector);
        uint savedFlags = guest.Vm.Memory.Read<uint>(ProtectedGuest.OtherTss + 0x24);
        (savedFlags & NestedTask).Should().Be(0); // IRET saves the ended task without NT
    }

    [Fact]
    public void Call_ToTss_RunsWithNestedTaskSetAndTheOldOneBusy()
    {
        using ProtectedGuest guest = Create();
        Switch(guest, a => a.call(ProtectedGuest.OtherTssSelector, 0));
        (guest.Registers.Rflags & NestedTask).Should().Be(NestedTask);
        IsBusy(guest, ProtectedGuest.TssSelector).Should().BeTrue();
    }

    [Fact]
    public void Int_ThroughTaskGate_SwitchesFromUserLevel()
    {
        using ProtectedGuest guest = Create(cpl: 3);
        guest.SetGate(0x80, Descriptors.TaskGate(ProtectedGuest.OtherTssSelector));
        Switch(guest, a => a.@int(0x80));
        guest.Vm.Memory.Read<uint>(ProtectedGuest.Tss + 0x20).Should().Be(ProtectedGuest.Code + 2);
        guest.Vm.Memory.Read<ushort>(ProtectedGuest.Tss + 0x50).Should().Be(ProtectedGuest.Data3);
        guest.Registers.Rsp.Should().Be(OtherStack);
        guest.Special.Ss.Selector.Should().Be(ProtectedGuest.Data0);
    }

    [Fact]
    public void Fault_ThroughTaskGate_PushesTheErrorCodeInTheNewTask()
    {
        using ProtectedGuest guest = Create();
        guest.SetGate(13, Descriptors.TaskGate(ProtectedGuest.OtherTssSelector));
        Switch(guest, a =>
        {
            a.mov(eax, 0x1F8);
            a.mov(ds, eax);
        });
        guest.Registers.Rsp.Should().Be(OtherStack - 4);
        guest.StackItem(0).Should().Be(0x1F8);
        guest.Vm.Memory.Read<uint>(ProtectedGuest.Tss + 0x20).Should().Be(ProtectedGuest.Code + 5);
        (guest.Vm.Memory.Read<uint>(ProtectedGuest.Tss + 0x24) & ResumeFlag).Should().Be(ResumeFlag);
    }

    [Fact]
    public void Jmp_ThroughTaskGateInTheGdt_Switches()
    {
        using ProtectedGuest guest = Create(cpl: 3);
        guest.SetDescriptor(TaskGate, Descriptors.TaskGate(ProtectedGuest.OtherTssSelector));
        Switch(guest, a => a.jmp(TaskGate | 3, 0));
        guest.Special.Tr.Selector.Should().Be(ProtectedGuest.OtherTssSelector);
    }

    [Theory]
    [InlineData(ProtectedGuest.TssSelector, 13)]       // busy: it is the present task
    [InlineData(ProtectedGuest.OtherTssSelector, -1)]
    public void Jmp_ToTss_MustBeAvailable(ushort selector, int vector)
    {
        using ProtectedGuest guest = Create();
        guest.Run(a => a.jmp(selector, 0)).Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be((vector < 0 ? ProtectedGuest.Target : ProtectedGuest.HandlerOf(vector)) + 1);
    }

    [Fact]
    public void Jmp_ToShortTss_IsAnInvalidTssInTheOldTask()
    {
        using ProtectedGuest guest = Create();
        guest.SetDescriptor(ProtectedGuest.OtherTssSelector, Descriptors.System(ProtectedGuest.OtherTss, 0x66, Descriptors.Tss32));
        guest.RunToHandler(a => a.jmp(ProtectedGuest.OtherTssSelector, 0)).Should().Be(10);
        guest.StackItem(0).Should().Be(ProtectedGuest.OtherTssSelector);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code);
        IsBusy(guest, ProtectedGuest.OtherTssSelector).Should().BeFalse();
    }

    [Fact]
    public void Jmp_ToTaskWithBadDataSegment_FaultsInTheNewTask()
    {
        using ProtectedGuest guest = Create();
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x54, (uint)ProtectedGuest.TssSelector); // DS
        guest.RunToHandler(a => a.jmp(ProtectedGuest.OtherTssSelector, 0)).Should().Be(10);
        guest.StackItem(0).Should().Be(ProtectedGuest.TssSelector);
        guest.StackItem(1).Should().Be(ProtectedGuest.Target);
        guest.Registers.Rsp.Should().Be(OtherStack - 16);
        guest.Special.Tr.Selector.Should().Be(ProtectedGuest.OtherTssSelector);
    }

    [Fact]
    public void Iret_WithNestedTaskAndBadLink_IsAnInvalidTss()
    {
        using ProtectedGuest guest = Create();
        guest.Vm.Memory.Write(ProtectedGuest.Tss, ProtectedGuest.OtherTssSelector); // not busy
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = NestedTask | 2 });
        guest.RunToHandler(a => a.iretd()).Should().Be(10);
        guest.StackItem(0).Should().Be(ProtectedGuest.OtherTssSelector);
    }

    [Fact]
    public void Jmp_ToTaskWithTFlag_TrapsBeforeItsFirstInstruction()
    {
        using ProtectedGuest guest = Create();
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x64, (ushort)1);
        guest.RunToHandler(a => a.jmp(ProtectedGuest.OtherTssSelector, 0)).Should().Be(1);
        guest.StackItem(0).Should().Be(ProtectedGuest.Target);
        (guest.Cpu.GetDebugRegisters().Dr6 & 0x8000).Should().Be(0x8000);
    }

    [Fact]
    public void Jmp_ToVirtual8086Task_LoadsParagraphs()
    {
        using ProtectedGuest guest = Create();
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x20, 0u);
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x24, 0x2_3002u);
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x4C, 0x0900u);
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x50, 0x0700u);
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 4, ProtectedGuest.InnerStack);
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 8, (uint)ProtectedGuest.Data0);
        guest.Assemble(a => a.ud2(), 0x9000, bits: 16);
        guest.RunToHandler(a => a.jmp(ProtectedGuest.OtherTssSelector, 0)).Should().Be(6);
        guest.StackItem(1).Should().Be(0x0900);
        (guest.StackItem(2) & 0x2_0000).Should().Be(0x2_0000);
    }

    [Fact]
    public void Call_NarrowTss_RoundTripKeepsSixteenBits()
    {
        using ProtectedGuest guest = Create();
        const uint narrow = 0x3C00;
        guest.SetDescriptor(0x48, Descriptors.System(narrow, 0x2B, Descriptors.Tss16));
        guest.Vm.Memory.Write(narrow + 0x0E, (ushort)ProtectedGuest.Target);
        guest.Vm.Memory.Write(narrow + 0x10, (ushort)2);
        guest.Vm.Memory.Write(narrow + 0x12, (ushort)0x5555);
        guest.Vm.Memory.Write(narrow + 0x1A, (ushort)0xF000);
        ushort[] segments = [ProtectedGuest.Data0, ProtectedGuest.Code0, ProtectedGuest.Data0, ProtectedGuest.Data0];
        for (int i = 0; i < segments.Length; i++)
        {
            guest.Vm.Memory.Write(narrow + 0x22u + (ulong)(2 * i), segments[i]);
        }

        guest.Assemble(
            a =>
            {
                a.mov(__dword_ptr[0x5000], eax);
                a.iretd();
            },
            ProtectedGuest.Target);
        guest.Run(a =>
        {
            a.call(0x48, 0);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        guest.Vm.Memory.Read<ushort>(0x5000).Should().Be(0x5555);
        guest.Vm.Memory.Read<ushort>(narrow).Should().Be(ProtectedGuest.TssSelector);
        guest.Vm.Memory.Read<ushort>(narrow + 0x0E).Should().Be((ushort)(ProtectedGuest.Target + 6)); // behind the IRET
        guest.Special.Tr.Selector.Should().Be(ProtectedGuest.TssSelector);
        guest.Registers.Rip.Should().Be(ProtectedGuest.Code + 8);
    }

    [Fact]
    public void DoubleFault_ThroughTaskGate_GetsAFreshStack()
    {
        // The stack is gone: nothing can be pushed, only a task gate still works.
        using ProtectedGuest guest = Create();
        guest.SetDescriptor(0x48, Descriptors.Segment(0, 0, Descriptors.Data0, 0x4));
        guest.SetGate(8, Descriptors.TaskGate(ProtectedGuest.OtherTssSelector));
        Switch(guest, a =>
        {
            a.mov(eax, 0x48);
            a.mov(ss, eax);
            a.push(ds);
        });
        guest.Registers.Rsp.Should().Be(OtherStack - 4);
        guest.StackItem(0).Should().Be(0);
    }

    private static ProtectedGuest Create(int cpl = 0)
    {
        var guest = new ProtectedGuest(cpl);
        ulong tss = ProtectedGuest.OtherTss;
        guest.Vm.Memory.Write(tss + 0x20, ProtectedGuest.Target);
        guest.Vm.Memory.Write(tss + 0x24, 2u);
        guest.Vm.Memory.Write(tss + 0x28, 0xAAAAu);
        guest.Vm.Memory.Write(tss + 0x38, OtherStack);
        guest.Vm.Memory.Write(tss + 0x44, 0xD1D1u);
        for (uint offset = 0x48; offset <= 0x5C; offset += 4)
        {
            guest.Vm.Memory.Write(tss + offset, (uint)(offset == 0x4C ? ProtectedGuest.Code0 : ProtectedGuest.Data0));
        }

        return guest;
    }

    private static void Switch(ProtectedGuest guest, Action<Iced.Intel.Assembler> code)
    {
        guest.Run(code).Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.Target + 1);
    }

    private static bool IsBusy(ProtectedGuest guest, ushort selector) => (guest.GetDescriptor(selector) & BusyBit) != 0;
}
