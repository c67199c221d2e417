using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Paging;

/// <summary>Permissions of 32-bit paging through the guest's eyes. Intel SDM Vol. 3A, "Determination of Access Rights".</summary>
public sealed class PageFaultTests
{
    private const uint Page = 0x30_0000;
    private const uint Present = 1;
    private const uint Writable = 2;
    private const uint User = 4;

    public static TheoryData<bool, bool, bool, uint, uint> Cases
    {
        get
        {
            var data = new TheoryData<bool, bool, bool, uint, uint>();
            foreach (bool user in new[] { false, true })
            {
                foreach (bool write in new[] { false, true })
                {
                    foreach (bool protect in new[] { false, true })
                    {
                        for (uint directory = 0; directory < 8; directory++)
                        {
                            for (uint table = 0; table < 8; table++)
                            {
                                data.Add(user, write, protect, directory, table);
                            }
                        }
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Access_AllRightsOfBothEntries_FollowsTheManual(bool user, bool write, bool protect, uint directory, uint table)
    {
        using TestMachine machine = Make(user, write, protect);
        machine.Ram.Write(TestMachine.PageDirectory + 4, 0x9_2000U | directory);
        machine.Ram.Write(0x9_2000, (uint)TestMachine.Data | table);
        uint rights = directory & table;
        bool present = (rights & Present) != 0;
        bool allowed = present
            && (!user || (rights & User) != 0)
            && (!write || (rights & Writable) != 0 || (!user && !protect));

        VmExit exit = machine.Run();

        exit.Reason.Should().Be(VmExitReason.Io);
        if (allowed)
        {
            exit.Port.Should().Be(0x10, "nothing faulted");
            (machine.Ram.Read<uint>(TestMachine.PageDirectory + 4) & 0x60).Should().Be(0x20, "a directory entry has no dirty bit");
            (machine.Ram.Read<uint>(0x9_2000) & 0x60).Should().Be(write ? 0x60U : 0x20U);
            return;
        }

        exit.Port.Should().Be(0x11, "the page fault handler ran");
        uint expected = (present ? 1U : 0) | (write ? 2U : 0) | (user ? 4U : 0);
        machine.Ram.Read<uint>(machine.Registers.Rsp).Should().Be(expected);
        machine.Cpu.GetSpecialRegisters().Cr2.Should().Be(Page + 0x10_0123);
        (machine.Ram.Read<uint>(0x9_2000) & 0x60).Should().Be(0, "an access that faults marks no page as accessed");
    }

    [Theory]
    [InlineData(0x20_0000U, 0x09U)] // a reserved address bit of a 4 MiB entry
    [InlineData(0U, 0U)]
    public void Access_LargePageReservedBit_ReportsIt(uint reserved, uint expected)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, __dword_ptr[0x40_0000 + TestMachine.Data]);
            a.@out(0x10, al);
        }).EnablePaging(cr4: 0x10).Handle(14, a => a.@out(0x11, al));
        machine.Ram.Write(TestMachine.PageDirectory + 4, 0x83U | reserved);

        ushort port = machine.Run().Port;

        port.Should().Be(expected == 0 ? (ushort)0x10 : (ushort)0x11);
        if (expected != 0)
        {
            machine.Ram.Read<uint>(machine.Registers.Rsp).Should().Be(expected);
        }
    }

    [Fact]
    public void Access_LargePageWithoutPse_IsAPageTable()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, __dword_ptr[0x40_0000]);
            a.hlt();
        }).EnablePaging();
        machine.Ram.Write(TestMachine.PageDirectory + 4, 0x9_2083U);
        machine.Ram.Write(0x9_2000, (uint)TestMachine.Data | 3);
        machine.Ram.Write(TestMachine.Data, 0x1234U);

        machine.RunToHalt();

        machine.Eax.Should().Be(0x1234);
    }

    [Fact]
    public void Access_StraddlingIntoAMissingPage_WritesNothing()
    {
        using TestMachine machine = TestMachine.Protected(a => a.mov(__dword_ptr[0x30_0FFE], eax)).EnablePaging().Handle(14, a => a.hlt());
        machine.MapPage(0x30_0000, (uint)TestMachine.Data | 3);
        machine.MapPage(0x30_1000, 0);
        machine.Set(r => r with { Rax = 0xFFFF_FFFF });

        machine.RunToHalt();

        machine.Cpu.GetSpecialRegisters().Cr2.Should().Be(0x30_1000);
        machine.Ram.Read<ushort>(TestMachine.Data + 0xFFE).Should().Be(0);
    }

    [Fact]
    public void DirtyBit_FirstReadThenWrite_IsSetByTheWrite()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, __dword_ptr[0x30_0000]);
            a.mov(ebx, __dword_ptr[TestMachine.PageTable + 0xC00]);
            a.mov(__dword_ptr[0x30_0000], eax);
            a.mov(ecx, __dword_ptr[TestMachine.PageTable + 0xC00]);
            a.hlt();
        }).EnablePaging();
        machine.MapPage(0x30_0000, (uint)TestMachine.Data | 3);

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rbx = TestMachine.Data | 0x23, Rcx = TestMachine.Data | 0x63 });
    }

    private static TestMachine Make(bool user, bool write, bool protect)
    {
        TestMachine machine = TestMachine.Protected(a =>
        {
            if (write)
            {
                a.mov(__dword_ptr[Page + 0x10_0123], eax);
            }
            else
            {
                a.mov(eax, __dword_ptr[Page + 0x10_0123]);
            }

            a.@out(0x10, al);
        }).EnablePaging(extraCr0: protect ? 0x1_0000UL : 0).Handle(14, a => a.@out(0x11, al));
        if (user)
        {
            EnterUser(machine);
        }

        return machine;
    }

    // CPL 3 with IOPL 3, so that OUT needs no permission map, and a TSS whose level-0 stack takes the fault.
    private static void EnterUser(TestMachine machine)
    {
        const ulong Tss = 0xA000;
        machine.Ram.Write(Tss + 4, (uint)TestMachine.Stack);
        machine.Ram.Write(Tss + 8, TestMachine.DataSelector);
        SegmentRegister data = SegmentRegister.FlatData32(0x23) with { Dpl = 3 };
        machine.SetSpecial(s => s with
        {
            Cs = SegmentRegister.FlatCode32(0x1B) with { Dpl = 3 },
            Ss = data,
            Ds = data,
            Es = data,
            Tr = new SegmentRegister { Selector = 0x28, Base = Tss, Limit = 0x67, Type = 0xB, Present = true },
        });
        machine.Set(r => r with { Rflags = 0x3002, Rsp = 0x7_0000 });
    }
}
