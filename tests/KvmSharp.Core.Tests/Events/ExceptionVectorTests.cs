using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Events;

/// <summary>Each exception once in both modes: its vector, its saved address, and in protected mode its error code.</summary>
public class ExceptionVectorTests
{
    public static TheoryData<string, int, int> RealMode => new()
    {
        { "F6 F1", 0, 0 },             // DIV CL, CL = 0
        { "F1", 1, 1 },                // INT1
        { "CC", 3, 1 },                // INT3
        { "62 06 00 50", 5, 0 },       // BOUND AX, [5000h]: 0 is not within 1 and 2
        { "0F 0B", 6, 0 },             // UD2
        { "0F 00 C0", 6, 0 },          // SLDT AX
        { "A1 FF FF", 13, 0 },         // MOV AX, [FFFFh]
        { "36 A1 FF FF", 12, 0 },      // MOV AX, SS:[FFFFh]
    };

    public static TheoryData<string, int, int, int> ProtectedMode => new()
    {
        { "F6 F1", 0, 0, -1 },
        { "F1", 1, 1, -1 },
        { "CC", 3, 1, -1 },
        { "62 05 00 50 00 00", 5, 0, -1 },
        { "0F 0B", 6, 0, -1 },
        { "8E DA", 11, 0, 0x40 },                  // MOV DS, DX: not present
        { "8E D2", 12, 0, 0x40 },                  // MOV SS, DX: not present
        { "8E D1", 13, 0, 0 },                     // MOV SS, CX: null
        { "0F 00 DA", 13, 0, 0x40 },               // LTR DX: not a TSS
        { "CD 50", 13, 0, (0x50 * 8) + 2 },        // INT 50h: an empty gate
        { "2E A3 00 50 00 00", 13, 0, 0 },         // MOV CS:[5000h], EAX
        { "A1 00 00 0F 00", 14, 0, 0 },            // a read of a page that is not there
        { "A3 00 00 0F 00", 14, 0, 2 },            // a write
        { "A3 00 F0 0E 00", 14, 0, 3 },            // a write to a read-only page
    };

    [Theory]
    [MemberData(nameof(RealMode))]
    public void RealMode_Exception_SavesItsAddress(string code, int vector, int behind)
    {
        using var guest = new RealGuest();
        guest.Vm.Memory.Write(0x5000, 0x0002_0001u);
        guest.RunToHandler(a => a.db(Bytes(code))).Should().Be(vector);
        guest.StackWord(0).Should().Be((ushort)(RealGuest.Code + (uint)behind));
        guest.Registers.Rsp.Should().Be(RealGuest.Stack - 6);
    }

    [Theory]
    [MemberData(nameof(ProtectedMode))]
    public void ProtectedMode_Exception_SavesItsAddressAndCode(string code, int vector, int behind, int errorCode)
    {
        using var guest = new ProtectedGuest();
        guest.EnablePaging();
        guest.SetPage(0xF_0000, 0);
        guest.SetPage(0xE_F000, 0xE_F001);
        guest.SetGate(0x50, 0);
        guest.SetDescriptor(0x40, Descriptors.NotPresent(Descriptors.Flat(Descriptors.Data0)));
        guest.Vm.Memory.Write(0x5000, 0x0000_0002_0000_0001ul);
        guest.Cpu.SetRegisters(guest.Registers with { Rdx = 0x40 });
        guest.RunToHandler(a => a.db(Bytes(code))).Should().Be(vector);
        int item = 0;
        if (errorCode >= 0)
        {
            guest.StackItem(item++).Should().Be((uint)errorCode);
        }

        guest.StackItem(item).Should().Be(ProtectedGuest.Code + (uint)behind);
        guest.Registers.Rsp.Should().Be((ulong)(ProtectedGuest.Stack - 12 - (item * 4)));
    }

    [Theory]
    [InlineData(0x7F, 4, 3)]  // 7F + 1 overflows: INTO is behind MOV, INC
    [InlineData(0x01, 32, 6)]
    public void Into_ByOverflowFlag_TrapsOrGoesOn(int start, int vector, int behind)
    {
        using var guest = new RealGuest();
        guest.RunToHandler(a =>
        {
            a.mov(al, (byte)start);
            a.add(al, (sbyte)1);
            a.into();
            a.@int(32);
        }).Should().Be(vector);
        guest.StackWord(0).Should().Be((ushort)(RealGuest.Code + (uint)behind + (vector == 4 ? 2 : 1)));
    }

    [Fact]
    public void SingleStep_AfterPopf_TrapsBehindTheNextInstruction()
    {
        using var guest = new RealGuest();
        guest.RunToHandler(a =>
        {
            a.mov(ax, 0x302);
            a.push(ax);
            a.popf();
            a.nop();
            a.nop();
        }).Should().Be(1);
        guest.StackWord(0).Should().Be((ushort)(RealGuest.Code + 6));
        guest.StackWord(2).Should().Be(0x302);
        (guest.Registers.Rflags & 0x100).Should().Be(0);
        (guest.Cpu.GetDebugRegisters().Dr6 & 0x4000).Should().Be(0x4000);
    }

    private static byte[] Bytes(string text) => Convert.FromHexString(text.Replace(" ", string.Empty, StringComparison.Ordinal));
}
