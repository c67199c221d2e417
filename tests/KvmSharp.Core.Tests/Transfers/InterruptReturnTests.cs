using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Transfers;

public class InterruptReturnTests
{
    private const uint InterruptFlag = 0x200;
    private const uint Iopl3 = 0x3000;
    private const uint Virtual8086 = 0x2_0000;

    [Fact]
    public void Iret_ToOuterLevel_LoadsStackFlagsAndDropsPrivilegedSegments()
    {
        using var guest = new ProtectedGuest();
        PushFrame(guest, ProtectedGuest.Target, ProtectedGuest.Code3, Iopl3 | InterruptFlag | 2, 0x1_8000, ProtectedGuest.Data3);
        guest.Assemble(a => a.ud2(), ProtectedGuest.Target);
        guest.RunToHandler(a => a.iretd()).Should().Be(6);
        guest.StackItem(0).Should().Be(ProtectedGuest.Target);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code3);
        (guest.StackItem(2) & 0xFFFF).Should().Be(Iopl3 | InterruptFlag | 2);
        guest.StackItem(3).Should().Be(0x1_8000);
        guest.Special.Ds.Unusable.Should().BeTrue();
    }

    [Fact]
    public void Iret_AtUserLevel_ChangesNeitherIoplNorInterruptFlag()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        PushFrame(guest, ProtectedGuest.Target, ProtectedGuest.Code3, Iopl3 | InterruptFlag | 3);
        guest.Assemble(a => a.ud2(), ProtectedGuest.Target);
        guest.RunToHandler(a => a.iretd()).Should().Be(6);
        (guest.StackItem(2) & 0xFFFF).Should().Be(3);
    }

    [Fact]
    public void Iret_WrongStackSegment_NamesIt()
    {
        using var guest = new ProtectedGuest();
        PushFrame(guest, ProtectedGuest.Target, ProtectedGuest.Code3, 2, 0x1_8000, ProtectedGuest.Data0);
        guest.RunToHandler(a => a.iretd()).Should().Be(13);
        guest.StackItem(0).Should().Be(ProtectedGuest.Data0);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code);
    }

    [Fact]
    public void Iret_ToVirtual8086AndInterruptBack_SavesAllSegments()
    {
        using var guest = new ProtectedGuest();
        EnterVirtual8086(guest, Iopl3, a =>
        {
            a.mov(ax, 0x0600);
            a.mov(ds, ax);
            a.mov(__word_ptr.cs[0x0020], ax);
            a.ud2();
        });
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(6) + 1);
        guest.Vm.Memory.Read<ushort>(0x9020).Should().Be(0x0600);
        uint[] frame = [.. Enumerable.Range(0, 9).Select(guest.StackItem)];
        frame[2] &= Virtual8086 | Iopl3;
        frame.Should().Equal(9, 0x0900, Virtual8086 | Iopl3, 0x0FFC, 0x0700, 0x0801, 0x0600, 0x0803, 0x0804);
        guest.Special.Gs.Should().Match<SegmentRegister>(s => s.Selector == 0 && s.Unusable);
        (guest.Registers.Rflags & Virtual8086).Should().Be(0);
    }

    [Theory]
    [InlineData(0, 13)]      // IOPL 0: INT n traps to the monitor
    [InlineData(Iopl3, 32)]  // IOPL 3: through the gate
    public void IntInVirtual8086_ByIopl_TrapsOrIsDelivered(uint iopl, int vector)
    {
        using var guest = new ProtectedGuest();
        guest.SetGate(32, Descriptors.InterruptGate(ProtectedGuest.Code0, ProtectedGuest.HandlerOf(32), dpl: 3));
        EnterVirtual8086(guest, iopl, a => a.@int(32));
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(vector) + 1);
    }

    [Theory]
    [InlineData(0xFA)] // CLI
    [InlineData(0xFB)] // STI
    [InlineData(0x9C)] // PUSHF
    [InlineData(0x9D)] // POPF
    [InlineData(0xCF)] // IRET
    public void Virtual8086_SensitiveInstructionBelowIopl3_Faults(byte opcode)
    {
        using var guest = new ProtectedGuest();
        EnterVirtual8086(guest, 0, a => a.db(opcode));
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(13) + 1);
        guest.StackItem(0).Should().Be(0);
    }

    [Fact]
    public void SystemInstructions_InVirtual8086Mode_DoNotExist()
    {
        using var guest = new ProtectedGuest();
        EnterVirtual8086(guest, Iopl3, a => a.sldt(ax));
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(6) + 1);
    }

    // Code at 900:0, stack at 700:FFC, ES, FS and GS numbered so that they can be told apart.
    private static void EnterVirtual8086(ProtectedGuest guest, uint iopl, Action<Iced.Intel.Assembler> code)
    {
        PushFrame(guest, 0, 0x0900, Virtual8086 | iopl | 2, 0x0FFC, 0x0700, 0x0801, 0x0802, 0x0803, 0x0804);
        guest.Assemble(code, 0x9000, bits: 16);
        guest.Assemble(a => a.iretd());
    }

    private static void PushFrame(ProtectedGuest guest, params uint[] items)
    {
        for (int i = 0; i < items.Length; i++)
        {
            guest.Vm.Memory.Write(ProtectedGuest.Stack + (ulong)(i * sizeof(uint)), items[i]);
        }
    }
}
