using Iced.Intel;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Debugging;

public class BreakpointTests
{
    private const uint Data = 0xA000;
    private const int Debug = 1;
    private const uint SingleStep = 1 << 14;
    private const uint GeneralDetect = 1 << 13;
    private const uint Global0 = 2;

    private static readonly AssemblerMemoryOperand Watched = __dword_ptr[Data];

    [Fact]
    public void Code_ArmedByTheGuest_FaultsBeforeTheInstruction()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(eax, ProtectedGuest.Code + 21);
            a.mov(dr0, eax);
            a.mov(eax, Global0);
            a.mov(dr7, eax);
            a.mov(ebx, 1);
            a.mov(ebx, 2); // 21 bytes from the start
            a.hlt();
        }).Should().Be(Debug);
        guest.Registers.Rbx.Should().Be(1);
        guest.StackItem(0).Should().Be((uint)guest.Cpu.GetDebugRegisters().Dr0);
        (guest.StackItem(2) & 0x1_0000).Should().Be(0, "the handler decides whether to set RF");
        (guest.Cpu.GetDebugRegisters().Dr6 & 0xF).Should().Be(1);
    }

    [Fact]
    public void Code_HandlerSetsResumeFlag_GoesOnOnce()
    {
        using var guest = new ProtectedGuest();
        guest.Assemble(
            a =>
            {
                a.inc(edi);
                a.or(__byte_ptr[esp + 10], 1); // RF
                a.iretd();
            },
            ProtectedGuest.HandlerOf(Debug));
        RunLoopOverBreakpoint(guest, 5).Should().Be(VmExitReason.Hlt);
        guest.Registers.Rdi.Should().Be(5);
        guest.Registers.Rbx.Should().Be(5);
    }

    [Fact]
    public void Code_InABlockThatRanBefore_IsStillMet()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            Label again = a.CreateLabel();
            a.mov(eax, ProtectedGuest.Code + 14);
            a.mov(dr1, eax);
            a.mov(ecx, 50);
            a.Label(ref again);
            a.inc(ebx);
            a.inc(edx); // 14 bytes from the start
            a.dec(ecx);
            a.jnz(again);
            a.mov(eax, 8); // G1
            a.mov(dr7, eax);
            a.mov(ecx, 50);
            a.jmp(again);
        }).Should().Be(Debug);
        guest.Registers.Rbx.Should().Be(51);
        guest.Registers.Rdx.Should().Be(50);
        (guest.Cpu.GetDebugRegisters().Dr6 & 0xF).Should().Be(2);
    }

    [Theory]
    [InlineData(1u, false, false)] // write: a load passes
    [InlineData(1u, true, true)]
    [InlineData(3u, false, true)] // read or write
    [InlineData(3u, true, true)]
    public void Data_OfAKind_TrapsBehindTheAccess(uint kind, bool store, bool traps)
    {
        using var guest = new ProtectedGuest();
        Arm(guest, Data, (kind << 16) | (3u << 18) | Global0);
        VmExit exit = guest.Run(a =>
        {
            a.mov(eax, 7);
            if (store)
            {
                a.mov(Watched, eax);
            }
            else
            {
                a.mov(eax, Watched);
            }

            a.mov(ebx, 1);
            a.hlt();
        });
        exit.Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rbx.Should().Be(traps ? 0UL : 1);
        (guest.Cpu.GetDebugRegisters().Dr6 & 0xF).Should().Be(traps ? 1UL : 0);
        guest.Vm.Memory.Read<uint>(Data).Should().Be(store ? 7u : 0);
    }

    [Theory]
    [InlineData(Data - 1, 4, true)] // the last bytes reach it
    [InlineData(Data - 4, 4, false)]
    [InlineData(Data + 1, 1, true)]
    [InlineData(Data + 2, 1, false)]
    [InlineData(Data - 2, 2, false)]
    public void Data_OfTwoBytes_IsMetByWhatOverlaps(uint address, int size, bool traps)
    {
        using var guest = new ProtectedGuest();
        Arm(guest, Data, (1u << 16) | (1u << 18) | Global0);
        guest.Run(a =>
        {
            if (size == 1)
            {
                a.mov(__byte_ptr[address], 1);
            }
            else if (size == 2)
            {
                a.mov(__word_ptr[address], 1);
            }
            else
            {
                a.mov(__dword_ptr[address], 1);
            }

            a.mov(ebx, 1);
            a.hlt();
        });
        guest.Registers.Rbx.Should().Be(traps ? 0UL : 1);
    }

    [Fact]
    public void Data_OnAPageThatWasUsedBefore_IsMet()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(Watched, eax); // fills the TLB
            a.mov(eax, Data);
            a.mov(dr0, eax);
            a.mov(eax, (1u << 16) | Global0);
            a.mov(dr7, eax);
            a.mov(Watched, eax);
        }).Should().Be(Debug);
    }

    [Fact]
    public void Data_OfALockedInstructionAndABranch_TrapsBehindIt()
    {
        using var guest = new ProtectedGuest();
        Arm(guest, Data, (1u << 16) | (3u << 18) | Global0);
        guest.RunToHandler(a =>
        {
            a.@lock.inc(Watched);
            a.mov(ebx, 1);
        }).Should().Be(Debug);
        guest.Vm.Memory.Read<uint>(Data).Should().Be(1);
        guest.Registers.Rbx.Should().Be(0);
    }

    [Fact]
    public void Data_ReadByAnIndirectJump_TrapsAtTheTarget()
    {
        using var guest = new ProtectedGuest();
        Arm(guest, Data, (3u << 16) | (3u << 18) | Global0);
        guest.Vm.Memory.Write(Data, ProtectedGuest.Target);
        guest.RunToHandler(a => a.jmp(Watched)).Should().Be(Debug);
        guest.StackItem(0).Should().Be(ProtectedGuest.Target);
    }

    [Fact]
    public void Data_OfARepeatedStore_TrapsBehindTheIteration()
    {
        using var guest = new ProtectedGuest();
        Arm(guest, Data + 0x10, (1u << 16) | Global0);
        guest.RunToHandler(a =>
        {
            a.mov(edi, Data);
            a.mov(ecx, 0x40);
            a.rep.stosb();
        }).Should().Be(Debug);
        guest.Registers.Rdi.Should().Be(Data + 0x11);
        guest.Registers.Rcx.Should().Be(0x40 - 0x11);
    }

    [Fact]
    public void Data_OfAnInstructionThatFaults_IsForgotten()
    {
        using var guest = new ProtectedGuest();
        guest.EnablePaging();
        guest.SetPage(Data + 0x1000, 0);
        Arm(guest, Data, (3u << 16) | (3u << 18) | Global0);
        guest.RunToHandler(a =>
        {
            a.mov(esi, Data);
            a.mov(edi, Data + 0x1000);
            a.movsd();
        }).Should().Be(14);
        (guest.Cpu.GetDebugRegisters().Dr6 & 0xF).Should().Be(0);
    }

    [Fact]
    public void Data_LoadedIntoSs_TrapsOneInstructionLater()
    {
        using var guest = new ProtectedGuest();
        Arm(guest, Data, (3u << 16) | Global0);
        guest.Vm.Memory.Write(Data, (ushort)ProtectedGuest.Data0);
        guest.RunToHandler(a =>
        {
            a.mov(ss, __word_ptr[Data]);
            a.mov(ebx, 1);
            a.mov(ebx, 2);
        }).Should().Be(Debug);
        guest.Registers.Rbx.Should().Be(1);
    }

    [Theory]
    [InlineData(true, 0x61, true)]
    [InlineData(true, 0x63, false)]
    [InlineData(false, 0x61, false)] // without CR4.DE the kind means nothing
    public void Port_WithDebuggingExtensions_TrapsBehindTheAccess(bool extensions, int port, bool traps)
    {
        using var guest = new ProtectedGuest();
        guest.Vm.ExitHandler = new Swallow();
        guest.Special = guest.Special with { Cr4 = extensions ? 8u : 0 };
        Arm(guest, 0x60, (2u << 16) | (1u << 18) | Global0); // ports 60h and 61h
        guest.Run(a =>
        {
            a.@out((byte)port, al);
            a.mov(ebx, 1);
            a.hlt();
        });
        guest.Registers.Rbx.Should().Be(traps ? 0UL : 1);
    }

    [Fact]
    public void Registers_WithGeneralDetect_FaultAndLetTheHandlerIn()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(eax, 1u << 13);
            a.mov(dr7, eax);
            a.mov(ebx, dr0);
        }).Should().Be(Debug);
        DebugRegisters registers = guest.Cpu.GetDebugRegisters();
        (registers.Dr6 & GeneralDetect).Should().Be(GeneralDetect);
        (registers.Dr7 & (1u << 13)).Should().Be(0);
        (guest.StackItem(2) & 0x1_0000).Should().Be(0x1_0000, "general detect is a fault");
    }

    [Fact]
    public void Status_OfASecondException_HasItsOwnBreakpointBitsOnly()
    {
        using var guest = new ProtectedGuest();
        guest.Cpu.SetDebugRegisters(new DebugRegisters(0, 0, 0, 0, 0xFFFF_0FF3, 0x400));
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = 0x102 });
        guest.RunToHandler(a => a.nop()).Should().Be(Debug);
        (guest.Cpu.GetDebugRegisters().Dr6 & 0xE00F).Should().Be(SingleStep);
    }

    [Fact]
    public void Code_InRealMode_Faults()
    {
        using var guest = new RealGuest();
        guest.Cpu.SetDebugRegisters(new DebugRegisters(RealGuest.Code + 1, 0, 0, 0, 0xFFFF_0FF0, 0x402));
        guest.RunToHandler(a =>
        {
            a.inc(bx);
            a.inc(bx);
        }).Should().Be(Debug);
        guest.Registers.Rbx.Should().Be(1);
    }

    private static void Arm(ProtectedGuest guest, uint address, uint control) =>
        guest.Cpu.SetDebugRegisters(new DebugRegisters(address, 0, 0, 0, 0xFFFF_0FF0, control | 0x400));

    private static VmExitReason RunLoopOverBreakpoint(ProtectedGuest guest, int times) => guest.Run(a =>
    {
        Label again = a.CreateLabel();
        a.mov(eax, ProtectedGuest.Code + 21);
        a.mov(dr0, eax);
        a.mov(eax, Global0);
        a.mov(dr7, eax);
        a.mov(ecx, times);
        a.Label(ref again);
        a.inc(ebx);
        a.dec(ecx);
        a.jnz(again);
        a.hlt();
    }).Reason;

    private sealed class Swallow : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data) => true;
    }
}
