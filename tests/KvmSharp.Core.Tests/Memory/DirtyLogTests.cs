using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Memory;

/// <summary>KVM_GET_DIRTY_LOG: exactly the pages written since the log before.</summary>
public sealed class DirtyLogTests
{
    private const ulong Page = 0x1000;

    [Fact]
    public void GetDirtyLog_StoresOfEveryKind_AreExact()
    {
        AssertDirties(a =>
        {
            a.mov(__byte_ptr[0x2_0000], 1);
            a.mov(__dword_ptr[0x2_1FFE], 1); // two pages
            a.@lock.inc(__dword_ptr[0x2_4000]);
            a.@lock.inc(__dword_ptr[0x2_5FFE]); // two pages
            a.xchg(__dword_ptr[0x2_8000], eax);
            a.mov(ecx, __dword_ptr[0x2_9000]); // read only
            a.cmp(__dword_ptr[0x2_A000], 1); // read only
            a.add(__dword_ptr[0x2_B000], 1);
            a.mov(esp, 0x2_D000);
            a.push(eax);
            a.mov(edi, 0x2_E800);
            a.mov(ecx, 0x400);
            a.rep.stosd(); // three quarters of two pages
            a.mov(esi, 0x3_1000);
            a.mov(edi, 0x3_2000);
            a.mov(ecx, 0x10);
            a.rep.movsb();
        }, 0x20, 0x21, 0x22, 0x24, 0x25, 0x26, 0x28, 0x2B, 0x2C, 0x2E, 0x2F, 0x32);
    }

    [Fact]
    public void GetDirtyLog_AccessedAndDirtyBits_MarkThePageTables()
    {
        using TestMachine machine = Logged(a =>
        {
            a.mov(eax, __dword_ptr[0x2_0000]);
            a.hlt();
        });
        machine.EnablePaging();
        machine.Vm.GetDirtyLog(0);

        machine.RunToHalt();

        Pages(machine).Should().Equal((int)(TestMachine.PageDirectory / Page), (int)(TestMachine.PageTable / Page));
    }

    [Fact]
    public void GetDirtyLog_HostWrites_AreInIt()
    {
        using TestMachine machine = Logged(a => a.hlt());
        machine.Vm.GetDirtyLog(0);

        machine.Ram.Write(0x2_0FFF, (ushort)0x1234);

        Pages(machine).Should().Equal(0x20, 0x21);
    }

    [Fact]
    public void GetDirtyLog_Second_HasOnlyWhatWasWrittenSince()
    {
        using TestMachine machine = Logged(a =>
        {
            a.mov(__dword_ptr[0x2_0000], eax);
            a.mov(__dword_ptr[0x2_0000], eax);
            a.hlt();
            a.mov(__dword_ptr[0x2_0000], eax);
            a.mov(__dword_ptr[0x2_2000], eax);
            a.hlt();
        });
        machine.Vm.GetDirtyLog(0);
        machine.RunToHalt();
        Pages(machine).Should().Equal(0x20);
        Pages(machine).Should().BeEmpty();

        machine.RunToHalt();

        Pages(machine).Should().Equal(0x20, 0x22);
    }

    [Fact]
    public void GetDirtyLog_LoggingTurnedOnLater_StartsEmpty()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(__dword_ptr[0x2_0000], eax);
            a.hlt();
            a.mov(__dword_ptr[0x2_0000], eax);
            a.hlt();
        });
        machine.RunToHalt();

        machine.Vm.SetUserMemoryRegion(new MemorySlot(0, 0, TestMachine.RamSize, MemorySlotOptions.LogDirtyPages));

        Pages(machine).Should().BeEmpty();
        machine.RunToHalt();
        Pages(machine).Should().Equal(0x20);
    }

    [Fact]
    public void GetDirtyLog_NoSuchSlotOrNotLogged_IsRefused()
    {
        using TestMachine machine = TestMachine.Protected();

        machine.Vm.Invoking(v => v.GetDirtyLog(3)).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.NoEntry);
        machine.Vm.Invoking(v => v.GetDirtyLog(0)).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Invalid);
    }

    /// <summary>Copies what each log names while the guest writes: when it stops, the copy is the memory.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GetDirtyLog_WhileAVcpuWrites_LosesNoPage(bool locked)
    {
        const uint First = 0x2_0000;
        const int Count = 32;
        using TestMachine machine = Logged(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.inc(ebx);
            a.mov(ecx, ebx);
            a.and(ecx, Count - 1);
            a.shl(ecx, 12);
            if (locked)
            {
                a.@lock.add(__dword_ptr[ecx + First], ebx);
            }
            else
            {
                a.add(__dword_ptr[ecx + First], ebx);
            }

            a.jmp(top);
        });
        byte[] copy = new byte[Count * (int)Page];
        machine.Vm.GetDirtyLog(0);
        machine.Ram.Read(First, copy);
        var runner = new Thread(() => machine.Cpu.Run());
        runner.Start();

        for (int i = 0; i < 400; i++)
        {
            Copy(machine, copy);
        }

        machine.Cpu.Kick();
        runner.Join();
        Copy(machine, copy);
        byte[] memory = new byte[copy.Length];
        machine.Ram.Read(First, memory);
        copy.AsSpan().SequenceEqual(memory).Should().BeTrue();

        static void Copy(TestMachine machine, byte[] copy)
        {
            foreach (int page in Pages(machine).Where(p => p >= (int)(First / Page) && p < (int)(First / Page) + Count))
            {
                machine.Ram.Read((ulong)page * Page, copy.AsSpan((page * (int)Page) - (int)First, (int)Page));
            }
        }
    }

    private static void AssertDirties(Action<Assembler> code, params int[] pages)
    {
        using TestMachine machine = Logged(a =>
        {
            code(a);
            a.hlt();
        });
        machine.Vm.GetDirtyLog(0);

        machine.RunToHalt();

        Pages(machine).Should().Equal(pages);
    }

    private static TestMachine Logged(Action<Assembler> code) =>
        TestMachine.Protected(code, options: MemorySlotOptions.LogDirtyPages);

    private static List<int> Pages(TestMachine machine)
    {
        ulong[] log = machine.Vm.GetDirtyLog(0);
        return [.. Enumerable.Range(0, log.Length * 64).Where(i => (log[i / 64] >> (i % 64) & 1) != 0)];
    }
}
