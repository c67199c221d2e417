using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Paging;

/// <summary>Translations are forgotten when the manual says so, and not used wrongly before. Also KVM_TRANSLATE.</summary>
public sealed class TranslationTests
{
    private const uint Page = 0x30_0000;
    private const uint Entry = (uint)TestMachine.PageTable + (Page >> 12 << 2);

    [Fact]
    public void Invlpg_AfterAChange_UsesTheNewMapping()
    {
        using TestMachine machine = Remapping(a => a.invlpg(__byte_ptr[Page]));

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rbx = 1UL, Rax = 2UL });
    }

    [Fact]
    public void Cr3Load_AfterAChange_UsesTheNewMapping()
    {
        using TestMachine machine = Remapping(a =>
        {
            a.mov(eax, cr3);
            a.mov(cr3, eax);
        });

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rbx = 1UL, Rax = 2UL });
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void Cr3Load_GlobalPage_StaysWithPgeOnly(bool pge, ulong expected)
    {
        using TestMachine machine = Remapping(
            a =>
            {
                a.mov(eax, cr3);
                a.mov(cr3, eax);
            },
            entryBits: 0x103,
            cr4: pge ? 0x80UL : 0);

        machine.RunToHalt();

        machine.Registers.Rax.Should().Be(expected);
    }

    [Fact]
    public void Cr4PgeToggle_GlobalPage_IsForgotten()
    {
        using TestMachine machine = Remapping(
            a =>
            {
                a.mov(eax, cr4);
                a.and(eax, 0x7F);
                a.mov(cr4, eax);
            },
            entryBits: 0x103,
            cr4: 0x80);

        machine.RunToHalt();

        machine.Registers.Rax.Should().Be(2);
    }

    [Fact]
    public void Cr0WpSet_PageWrittenBefore_FaultsAfterwards()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(__dword_ptr[Page], eax);
            a.mov(eax, cr0);
            a.or(eax, 0x1_0000);
            a.mov(cr0, eax);
            a.mov(__dword_ptr[Page], eax);
            a.@out(0x10, al);
        }).EnablePaging().Handle(14, a => a.hlt());
        machine.MapPage(Page, (uint)TestMachine.Data | 1);

        machine.RunToHalt();

        machine.Ram.Read<uint>(machine.Registers.Rsp).Should().Be(3);
    }

    [Fact]
    public void Invlpg_LargePage_ForgetsAllOfIt()
    {
        using TestMachine machine = TestMachine.Protected(
            a =>
            {
                a.mov(eax, __dword_ptr[0x40_8000]);
                a.mov(ebx, __dword_ptr[0x40_9000]);
                a.mov(__dword_ptr[TestMachine.PageDirectory + 4], 0x40_0083);
                a.invlpg(__byte_ptr[0x40_0000]);
                a.mov(ecx, __dword_ptr[0x40_8000]);
                a.mov(edx, __dword_ptr[0x40_9000]);
                a.hlt();
            },
            ramSize: 0x80_0000).EnablePaging(cr4: 0x10);
        machine.Ram.Write(TestMachine.PageDirectory + 4, 0x83U);
        (uint Address, uint Value)[] values = [(0x8000, 1), (0x9000, 2), (0x40_8000, 3), (0x40_9000, 4)];
        foreach ((uint address, uint value) in values)
        {
            machine.Ram.Write(address, value);
        }

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rax = 1UL, Rbx = 2UL, Rcx = 3UL, Rdx = 4UL });
    }

    [Fact]
    public void Invlpg_CodePage_RunsTheNewPage()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.call(Page);
            a.mov(ebx, eax);
            a.mov(__dword_ptr[Entry], 0x6003);
            a.invlpg(__byte_ptr[Page]);
            a.call(Page);
            a.hlt();
        }).EnablePaging();
        machine.MapPage(Page, 0x5003);
        foreach (uint value in new uint[] { 1, 2 })
        {
            machine.Load(0x4000 + (value * 0x1000), a =>
            {
                a.mov(eax, value);
                a.ret();
            });
        }

        machine.RunToHalt();

        machine.Registers.Should().BeEquivalentTo(new { Rbx = 1UL, Rax = 2UL });
    }

    [Fact]
    public void SetSpecialRegisters_OtherCr3_UsesTheNewTables()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, __dword_ptr[Page]);
            a.hlt();
        }).EnablePaging();
        machine.MapPage(Page, 0x5003);
        machine.Ram.Write(0x5000, 1U);
        machine.Ram.Write(0x6000, 2U);
        machine.RunToHalt();

        machine.MapPage(Page, 0x6003);
        machine.SetSpecial(s => s);

        machine.Set(r => r with { Rip = TestMachine.Code });
        machine.RunToHalt();
        machine.Eax.Should().Be(2);
    }

    [Fact]
    public void Translate_SmallPage_ShowsTheWalkAndMarksNothing()
    {
        using TestMachine machine = TestMachine.Protected().EnablePaging(entryBits: 5);

        Translation translation = machine.Cpu.Translate(0x1_2345);

        translation.Should().BeEquivalentTo(new
        {
            LinearAddress = 0x1_2345UL,
            IsValid = true,
            PhysicalAddress = 0x1_2345UL,
            IsWritable = false,
            IsUserAccessible = true,
            PageSize = 4096UL,
            ErrorCode = 0U,
        });
        translation.Walk.Should().Equal(
            new PageTableEntry(2, TestMachine.PageDirectory, TestMachine.PageTable | 7),
            new PageTableEntry(1, TestMachine.PageTable + 0x48, 0x1_2005));
        machine.Ram.Read<uint>(TestMachine.PageTable + 0x48).Should().Be(0x1_2005);
    }

    [Fact]
    public void Translate_LargePage_TellsItsSize()
    {
        using TestMachine machine = TestMachine.Protected().EnablePaging(cr4: 0x10);
        machine.Ram.Write(TestMachine.PageDirectory + 8, 0x40_0087U);

        machine.Cpu.Translate(0x81_2345).Should().BeEquivalentTo(new { PhysicalAddress = 0x41_2345UL, PageSize = 0x40_0000UL, IsWritable = true });
    }

    [Fact]
    public void Translate_NotPresent_IsNotValid()
    {
        using TestMachine machine = TestMachine.Protected().EnablePaging();
        machine.MapPage(Page, 0);

        Translation translation = machine.Cpu.Translate(Page);

        translation.Should().BeEquivalentTo(new { IsValid = false, PhysicalAddress = 0UL, PageSize = 0UL });
        translation.Walk.Should().HaveCount(2);
        machine.Cpu.GetSpecialRegisters().Cr2.Should().Be(0, "a look raises nothing");
    }

    [Fact]
    public void Translate_NoPaging_IsTheAddressItself()
    {
        using TestMachine machine = TestMachine.Protected();

        machine.Cpu.Translate(0x1234).Should().BeEquivalentTo(new { IsValid = true, PhysicalAddress = 0x1234UL, PageSize = 4096UL });
        machine.Cpu.Translate(0x1234).Walk.Should().BeEmpty();
    }

    // EBX is what the page held before its entry changed, EAX what it holds behind the given instructions.
    private static TestMachine Remapping(Action<Iced.Intel.Assembler> flush, uint entryBits = 3, ulong cr4 = 0)
    {
        TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(ebx, __dword_ptr[Page]);
            a.mov(__dword_ptr[Entry], 0x6000 | entryBits);
            flush(a);
            a.mov(eax, __dword_ptr[Page]);
            a.hlt();
        }).EnablePaging(cr4: cr4);
        machine.MapPage(Page, 0x5000 | entryBits);
        machine.Ram.Write(0x5000, 1U);
        machine.Ram.Write(0x6000, 2U);
        return machine;
    }
}
