using System.Globalization;
using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Memory;

/// <summary>Memory slots: KVM_SET_USER_MEMORY_REGION.</summary>
public sealed class MemorySlotTests
{
    private const ulong Far = 0x40_0000;

    [Theory]
    [InlineData(0x40_0800UL, 0x1000UL, Errno.Invalid)]
    [InlineData(0x40_0000UL, 0x1001UL, Errno.Invalid)]
    [InlineData(VirtualMachine.AddressSpaceEnd, 0x1000UL, Errno.Invalid)]
    [InlineData(VirtualMachine.AddressSpaceEnd - 0x1000, 0x2000UL, Errno.Invalid)]
    [InlineData(0xF_F000UL, 0x1000UL, Errno.Exists)]
    [InlineData(0UL, 0x40_0000UL, Errno.Exists)]
    public void SetUserMemoryRegion_Wrong_IsRefused(ulong address, ulong size, Errno error)
    {
        using TestMachine machine = TestMachine.Protected();

        machine.Vm.Invoking(v => v.SetUserMemoryRegion(new MemorySlot(1, address, size)))
            .Should().Throw<KvmException>().Which.Errno.Should().Be(error);
        machine.Ram.Slots.Should().ContainSingle();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(VirtualMachine.MaxMemorySlots)]
    public void SetUserMemoryRegion_NumberOutOfRange_IsRefused(int id)
    {
        using TestMachine machine = TestMachine.Protected();

        machine.Vm.Invoking(v => v.SetUserMemoryRegion(new MemorySlot(id, Far, 0x1000)))
            .Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Invalid);
    }

    [Fact]
    public void SetUserMemoryRegion_NeighboursAndLastPage_AreAccepted()
    {
        using TestMachine machine = TestMachine.Protected();

        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, TestMachine.RamSize, 0x1000));
        machine.Vm.SetUserMemoryRegion(new MemorySlot(2, VirtualMachine.AddressSpaceEnd - 0x1000, 0x1000));

        machine.Ram.Write(TestMachine.RamSize - 2, 0xAABB_CCDDU);
        machine.Ram.Read<uint>(TestMachine.RamSize - 2).Should().Be(0xAABB_CCDD, "slots join");
        machine.Ram.TryRead(VirtualMachine.AddressSpaceEnd - 1, new byte[2]).Should().BeFalse();
    }

    [Fact]
    public void SetUserMemoryRegion_DeleteUnknown_IsRefused()
    {
        using TestMachine machine = TestMachine.Protected();

        machine.Vm.Invoking(v => v.SetUserMemoryRegion(new MemorySlot(7, 0, 0))).Should().Throw<KvmException>();
    }

    [Fact]
    public void Delete_Slot_MakesItsAddressesMmio()
    {
        using TestMachine machine = Reader();
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
        machine.Ram.Write(Far, 7U);
        machine.RunToHalt();
        machine.Eax.Should().Be(7);

        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0));

        machine.Set(r => r with { Rip = TestMachine.Code });
        machine.Run().Should().Be(VmExit.Mmio(0, ExitDirection.Read, Far, 4, 0));
        machine.Ram.TryRead(Far, new byte[1]).Should().BeFalse();
        machine.Ram.Invoking(m => m.Write(Far, 1)).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Fault);
    }

    [Fact]
    public void Replace_OtherSize_GivesFreshMemory()
    {
        using TestMachine machine = Reader();
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
        machine.Ram.Write(Far, 7U);
        machine.RunToHalt();

        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x2000));

        machine.Set(r => r with { Rip = TestMachine.Code });
        machine.RunToHalt();
        machine.Eax.Should().Be(0);
    }

    [Fact]
    public void Move_SameSize_TakesTheBytesAlong()
    {
        using TestMachine machine = Reader();
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far + 0x1000, 0x1000));
        machine.Ram.Write(Far + 0x1000, 7U);

        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));

        machine.RunToHalt();
        machine.Eax.Should().Be(7);
        machine.Ram.TryRead(Far + 0x1000, new byte[1]).Should().BeFalse();
    }

    [Fact]
    public void Move_SlotWithDecodedCode_RunsWhatIsThereNow()
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
        machine.Vm.SetUserMemoryRegion(new MemorySlot(2, Far + 0x1000, 0x1000));
        machine.Load(Far, a =>
        {
            a.mov(eax, 1);
            a.hlt();
        });
        machine.Load(Far + 0x1000, a =>
        {
            a.mov(eax, 2);
            a.hlt();
        });
        machine.Set(r => r with { Rip = Far });
        machine.RunToHalt();
        machine.Eax.Should().Be(1);

        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far + 0x2000, 0x1000));
        machine.Vm.SetUserMemoryRegion(new MemorySlot(2, Far, 0x1000));

        machine.Set(r => r with { Rip = Far });
        machine.RunToHalt();
        machine.Eax.Should().Be(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReadOnly_GuestWrite_IsAnMmioExitAndReadsSeeTheMemory(bool warmed)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(__dword_ptr[Far], 9);
            a.mov(eax, __dword_ptr[Far]);
            a.hlt();
        });
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
        if (warmed)
        {
            machine.RunToHalt();
            machine.Set(r => r with { Rip = TestMachine.Code });
        }

        machine.Ram.Write(Far, 7U);
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000, MemorySlotOptions.ReadOnly));

        machine.Run().Should().Be(VmExit.Mmio(0, ExitDirection.Write, Far, 4, 9));
        machine.RunToHalt();
        machine.Eax.Should().Be(7, "the write went to the embedder");
        machine.Ram.Write(Far, 8U);
        machine.Ram.Read<uint>(Far).Should().Be(8, "the host may write it");
    }

    [Fact]
    public void ReadOnly_LockedAndStringWrites_AreMmioExitsToo()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@lock.inc(__dword_ptr[Far]);
            a.stosb();
            a.hlt();
        });
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000, MemorySlotOptions.ReadOnly));
        machine.Ram.Write(Far, 41U);
        machine.Set(r => r with { Rdi = Far + 8, Rax = 0x77 });

        machine.Run().Should().Be(VmExit.Mmio(0, ExitDirection.Write, Far, 4, 42));
        machine.Run().Should().Be(VmExit.Mmio(0, ExitDirection.Write, Far + 8, 1, 0x77));
        machine.RunToHalt();
        machine.Ram.Read<uint>(Far).Should().Be(41);
    }

    [Fact]
    public void SetUserMemoryRegion_WhileAVcpuRuns_TakesEffectBeforeItReturns()
    {
        const ulong Seen = TestMachine.Data;
        const ulong Rounds = TestMachine.Data + 8;
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.Label(ref top);
            a.mov(ecx, __dword_ptr[Far]);
            a.mov(__dword_ptr[Seen], ecx);
            a.inc(__dword_ptr[Rounds]);
            a.jmp(top);
        });
        machine.Vm.ExitHandler = new RecordingHandler(); // while Far is a hole it reads as 0
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
        machine.Vm.SetUserMemoryRegion(new MemorySlot(2, Far + 0x1000, 0x1000));
        machine.Ram.Write(Far, 1U);
        machine.Ram.Write(Far + 0x1000, 2U);
        var runner = new Thread(() => machine.Cpu.Run());
        runner.Start();

        for (int i = 0; i < 100; i++)
        {
            int here = 1 + (i % 2);
            machine.Vm.SetUserMemoryRegion(new MemorySlot(3 - here, Far + 0x2000, 0x1000));
            machine.Vm.SetUserMemoryRegion(new MemorySlot(here, Far, 0x1000));
            machine.Vm.SetUserMemoryRegion(new MemorySlot(3 - here, Far + 0x1000, 0x1000));
            uint round = machine.Ram.Read<uint>(Rounds);
            SpinWait.SpinUntil(() => machine.Ram.Read<uint>(Rounds) - round >= 2);
            machine.Ram.Read<uint>(Seen).Should().Be((uint)here);
        }

        machine.Cpu.Kick();
        runner.Join();
    }

    [Fact]
    public void SetUserMemoryRegion_InTheVcpusOwnHandler_Works()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(ecx, __dword_ptr[Far]);
            a.@out(0x10, al);
            a.mov(eax, __dword_ptr[Far]);
            a.hlt();
        });
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
        machine.Vm.ExitHandler = new RecordingHandler
        {
            Handles = n => n == 0,
            OnExit = (_, _) => machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0)),
        };

        machine.Run().Should().Be(VmExit.Mmio(0, ExitDirection.Read, Far, 4, 0));
    }

    [Fact]
    public void Slot_OfOneGibibyte_CostsWhatItTouches()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using TestMachine machine = TestMachine.Protected();
        long before = ResidentPages();

        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, 0x4000_0000, 0x4000_0000));
        for (ulong address = 0x4000_0000; address < 0x8000_0000; address += 0x400_0000)
        {
            machine.Ram.Write(address, 1);
        }

        (ResidentPages() - before).Should().BeLessThan(16 * 1024, "64 MiB are far below 1 GiB, and huge pages may round up");
    }

    private static long ResidentPages() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture);

    private static TestMachine Reader() => TestMachine.Protected(a =>
    {
        a.mov(eax, __dword_ptr[Far]);
        a.hlt();
    });
}
