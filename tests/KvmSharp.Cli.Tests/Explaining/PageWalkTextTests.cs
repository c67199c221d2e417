namespace KvmSharp.Cli.Tests;

/// <summary>The words agree with the walker, for each rule by which it refuses.</summary>
public sealed class PageWalkTextTests : IDisposable
{
    private const ulong WriteProtect = 0x8001_0001;
    private const ulong PageDirectory = 0x1000;
    private const ulong PageTable = 0x2000;
    private const ulong Pml4 = 0x3000;
    private const ulong Linear = 0x40_5123; // entry 1 of the directory, entry 5 of the table

    private readonly Kvm _kvm = Kvm.Open();
    private readonly VirtualMachine _vm;
    private readonly VirtualCpu _vcpu;

    public PageWalkTextTests()
    {
        _vm = _kvm.CreateVm();
        _vm.SetUserMemoryRegion(new MemorySlot(0, 0, 0x1_0000));
        _vcpu = _vm.CreateVcpu(0);
        SpecialRegisters s = _vcpu.GetSpecialRegisters();
        _vcpu.SetSpecialRegisters(s with { Cr0 = WriteProtect, Cr3 = PageDirectory });
    }

    public void Dispose()
    {
        _vm.Dispose();
        _kvm.Dispose();
    }

    [Theory]
    [InlineData(0x2007, 0x9067, TranslationAccess.Read, null, "=> physical 9123h, a page of 4 KiB, writable, for user and supervisor.")]
    [InlineData(0x2007, 0x9063, TranslationAccess.Write, null, "for the supervisor.")]
    [InlineData(0x2007, 0x9065, TranslationAccess.Read, null, "read-only")]
    [InlineData(0, 0, TranslationAccess.Read, 0u, "refused by the PD entry at 1004h: P is 0")]
    [InlineData(0x2007, 0x9066, TranslationAccess.Write, 2u, "refused by the PT entry at 2014h: P is 0")]
    [InlineData(0x2007, 0x9063, TranslationAccess.User, 5u, "refused by the PT entry: U/S is 0")]
    [InlineData(0x2003, 0x9067, TranslationAccess.User, 5u, "refused by the PD entry: U/S is 0")]
    [InlineData(0x2007, 0x9065, TranslationAccess.Write, 3u, "refused by the PT entry: R/W is 0, read-only, and CR0.WP is 1")]
    [InlineData(0x2005, 0x9067, TranslationAccess.Write | TranslationAccess.User, 7u, "refused by the PD entry: R/W is 0, read-only.")]
    public void Lines_32Bit_AgreeWithTheWalker(uint directoryEntry, uint tableEntry, TranslationAccess access, uint? error, string verdict)
    {
        _vm.Memory.Write(PageDirectory + 4, directoryEntry);
        _vm.Memory.Write(PageTable + (5 * 4), tableEntry);

        Check(access, error, verdict);
    }

    [Theory]
    [InlineData(0x8000_0000_0000_9067, 0x500UL, TranslationAccess.Read, 9u, "a reserved bit is set, XD (bit 63), while EFER.NXE is 0")]
    [InlineData(0x8000_0000_0000_9067, 0xD00UL, TranslationAccess.Execute, 0x11u, "refused by the PT entry: XD is 1")]
    [InlineData(0x0008_0000_0000_9067, 0xD00UL, TranslationAccess.Read, 9u, "refused by the PT entry: a reserved bit is set.")]
    [InlineData(0x9067, 0xD00UL, TranslationAccess.Write, null, "=> physical 9123h")]
    public void Lines_LongMode_AgreeWithTheWalker(ulong tableEntry, ulong efer, TranslationAccess access, uint? error, string verdict)
    {
        EnterLongMode(efer, cr4: 0x20);
        _vm.Memory.Write(PageTable + (5 * 8), tableEntry);

        Check(access, error, verdict).Should().Contain("PML4 [   0] at 00003000h").And.Contain("PDPT").And.Contain("4-level paging");
    }

    [Theory]
    [InlineData(0x10_0020UL, TranslationAccess.Execute, 0x11u, "CR4.SMEP is 1")]
    [InlineData(0x20_0020UL, TranslationAccess.Read, 1u, "CR4.SMAP is 1 and EFLAGS.AC 0")]
    public void Lines_SupervisorOnAUsersPage_AgreeWithTheWalker(ulong cr4, TranslationAccess access, uint? error, string verdict)
    {
        EnterLongMode(0xD00, cr4);
        _vm.Memory.Write(PageTable + (5 * 8), 0x9067UL);

        Check(access, error, verdict);
    }

    [Fact]
    public void Lines_LargePage_SayItsSize()
    {
        EnterLongMode(0xD00, cr4: 0x20);
        _vm.Memory.Write(0x5000 + (2 * 8), 0x60_00E3UL);
        Check(TranslationAccess.Read, null, "=> physical 605123h, a page of 2 MiB");
    }

    [Fact]
    public void Lines_PagingOff_SaySo()
    {
        _vcpu.SetSpecialRegisters(_vcpu.GetSpecialRegisters() with { Cr0 = 1 });
        Check(TranslationAccess.Read, null, "Paging is off: linear 405123h is physical 405123h.");
    }

    // PML4 at 3000h, pointers at 4000h, directory at 5000h, table at 2000h.
    private void EnterLongMode(ulong efer, ulong cr4)
    {
        _vm.Memory.Write(Pml4, 0x4007UL);
        _vm.Memory.Write(0x4000, 0x5007UL);
        _vm.Memory.Write(0x5000 + (2 * 8), PageTable | 7);
        _vcpu.SetSpecialRegisters(_vcpu.GetSpecialRegisters() with { Cr0 = WriteProtect, Cr3 = Pml4, Cr4 = cr4, Efer = efer });
    }

    private string Check(TranslationAccess access, uint? error, string verdict)
    {
        Translation walk = _vcpu.Translate(Linear, access);
        string text = string.Join('\n', PageWalkText.Lines(walk, access, _vcpu.GetSpecialRegisters()));

        (walk.IsValid, walk.ErrorCode).Should().Be((error is null, error ?? 0));
        text.Should().Contain(verdict);
        return text;
    }
}
