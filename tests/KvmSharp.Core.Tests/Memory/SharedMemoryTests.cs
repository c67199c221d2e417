namespace KvmSharp.Tests.Memory;

/// <summary>Machines that share pages: what either writes, by whatever way, the other does not see.</summary>
public sealed class SharedMemoryTests
{
    private const ulong Slot = 1 << 20;

    // again: lock inc dword [8000h]; mov eax,[8000h]; mov [9000h],eax; add byte [A000h],1; push ax; pop ax; loop again; hlt
    private static readonly byte[] Program =
    [
        0x66, 0xF0, 0xFF, 0x06, 0x00, 0x80, 0x66, 0xA1, 0x00, 0x80, 0x66, 0xA3, 0x00, 0x90, 0x80, 0x06, 0x00, 0xA0, 0x01, 0x50, 0x58, 0xE2, 0xE9, 0xF4,
    ];

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Run_OnSharedPages_ChangesOnlyTheOwnMachine(EngineKind engine)
    {
        using var kvm = Kvm.Open();
        using VirtualMachine source = Make(kvm, engine);
        source.Memory.Write(0x1000, Program);
        source.Memory.Write(0x8000, 1000u);
        Run(source);
        source.Memory.Read<uint>(0x8000).Should().Be(1100);

        using VirtualMachine copy = Make(kvm, engine);
        copy.ShareMemoryOf(source);
        Run(copy);
        (source.Memory.Read<uint>(0x9000), copy.Memory.Read<uint>(0x9000)).Should().Be((1100, 1200));
        Run(source);
        Run(source);
        (source.Memory.Read<uint>(0x8000), copy.Memory.Read<uint>(0x8000)).Should().Be((1300, 1200));
        (source.Memory.Read<byte>(0xA000), copy.Memory.Read<byte>(0xA000)).Should().Be((unchecked((byte)300), 200));
    }

    [Fact]
    public void Write_CodeOfASharedPage_IsSeenByTheNextInstructionThereAlone()
    {
        using var kvm = Kvm.Open();
        using VirtualMachine source = Make(kvm, EngineKind.Auto);
        source.Memory.Write(0x1000, [0xB0, 0x01, 0xC6, 0x06, 0x01, 0x10, 0x02, 0xF4]); // mov al,1; mov byte [1001h],2; hlt
        using VirtualMachine copy = Make(kvm, EngineKind.Auto);
        copy.ShareMemoryOf(source);
        Run(copy);
        Run(copy);
        copy.Vcpus[0].GetRegisters().Rax.Should().Be(2);
        source.Memory.Read<byte>(0x1001).Should().Be(1);
    }

    [Fact]
    public void Run_TwoVcpusOnSharedPages_LoseNoIncrement()
    {
        using var kvm = Kvm.Open();
        using VirtualMachine source = Make(kvm, EngineKind.Auto);
        source.Memory.Write(0x1000, Program);
        for (int round = 0; round < 20; round++)
        {
            using VirtualMachine copy = Make(kvm, EngineKind.Auto, vcpus: 4);
            copy.ShareMemoryOf(source);
            Parallel.ForEach(copy.Vcpus, static vcpu => Run(vcpu, count: 1000));
            copy.Memory.Read<uint>(0x8000).Should().Be(4000);
            source.Memory.Read<uint>(0x8000).Should().Be(0);
        }
    }

    [Fact]
    public void DirtyLog_OfSharedPages_HasEveryWrite()
    {
        using var kvm = Kvm.Open();
        using VirtualMachine source = Make(kvm, EngineKind.Auto, MemorySlotOptions.LogDirtyPages);
        source.Memory.Write(0x1000, Program);
        using VirtualMachine copy = Make(kvm, EngineKind.Auto, MemorySlotOptions.LogDirtyPages);
        copy.ShareMemoryOf(source);
        copy.GetDirtyLog(0);
        Run(copy);
        copy.GetDirtyLog(0)[0].Should().Be((1UL << 7) | (1UL << 8) | (1UL << 9) | (1UL << 10), "the stack's page and the three of the program");
    }

    [Fact]
    public void ShareMemoryOf_OtherSlots_IsRefused()
    {
        using var kvm = Kvm.Open();
        using VirtualMachine source = Make(kvm, EngineKind.Auto);
        using VirtualMachine other = Make(kvm, EngineKind.Auto, MemorySlotOptions.ReadOnly);
        Action share = () => other.ShareMemoryOf(source);
        share.Should().Throw<KvmException>();
    }

    private static VirtualMachine Make(Kvm kvm, EngineKind engine, MemorySlotOptions options = MemorySlotOptions.None, int vcpus = 1)
    {
        VirtualMachine vm = kvm.CreateVm();
        vm.Engine = engine;
        vm.SetUserMemoryRegion(new MemorySlot(0, 0, Slot, options));
        for (int id = 0; id < vcpus; id++)
        {
            vm.CreateVcpu(id);
        }

        return vm;
    }

    private static void Run(VirtualMachine vm) => Run(vm.Vcpus[0], count: 100);

    private static void Run(VirtualCpu vcpu, ulong count)
    {
        SpecialRegisters special = vcpu.GetSpecialRegisters();
        vcpu.SetSpecialRegisters(special with { Cs = special.Cs with { Selector = 0, Base = 0 } });
        vcpu.SetRegisters(new GeneralRegisters { Rip = 0x1000, Rsp = 0x7FF0 - ((ulong)vcpu.Id * 0x100), Rcx = count, Rflags = 2 });
        vcpu.Run(maxInstructions: 1_000_000).Reason.Should().Be(VmExitReason.Hlt);
    }
}
