using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Observing;

public sealed class WatchedMemoryTests
{
    private const uint Watched = (uint)TestMachine.Data;

    private readonly Notebook _seen = new();

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void OnMemoryAccess_LoadsAndStores_AreToldWithTheirValues(EngineKind engine)
    {
        using TestMachine machine = Watch(TestMachine.On(engine, a =>
        {
            a.mov(eax, 0x1234);
            a.mov(__dword_ptr[Watched], eax);
            a.mov(bx, __word_ptr[Watched + 2]);
            a.mov(__dword_ptr[Watched + 16], eax); // beside it, in the same page
            a.hlt();
        }));

        machine.RunToHalt();

        _seen.Accesses.Select(a => (a.Direction, a.Address, a.Width, a.Value, a.Position.Rip)).Should().Equal(
            (ExitDirection.Write, Watched, 4, 0x1234UL, 0x1005UL), (ExitDirection.Read, Watched + 2, 2, 0UL, 0x100AUL));
    }

    [Fact]
    public void OnMemoryAccess_LockedInstruction_IsAWriteWithWhatItFound()
    {
        using TestMachine machine = Watch(TestMachine.Protected(a =>
        {
            a.@lock.inc(__dword_ptr[Watched + 4]);
            a.hlt();
        }));
        machine.Ram.Write(Watched + 4, 7u);

        machine.RunToHalt();

        _seen.Accesses.Should().Equal(new ObservedAccess(0, new VcpuPosition(0, TestMachine.CodeSelector, 0x1000), ExitDirection.Write, Watched + 4, 4, 7));
        machine.Ram.Read<uint>(Watched + 4).Should().Be(8);
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void OnMemoryAccess_StringInstruction_IsToldElementByElement(EngineKind engine)
    {
        using TestMachine machine = Watch(TestMachine.On(engine, a =>
        {
            a.mov(ecx, 8);
            a.mov(edi, Watched - 16);
            a.mov(eax, 0x55);
            a.rep.stosd();
            a.hlt();
        }));

        machine.RunToHalt();

        _seen.Accesses.Select(a => a.Address).Should().Equal(Watched, Watched + 4, Watched + 8, Watched + 12);
    }

    [Fact]
    public void OnMemoryAccess_HotLoop_IsToldEachTimeByTheTranslatorToo()
    {
        using TestMachine machine = Watch(TestMachine.On(EngineKind.Translator, a =>
        {
            Label top = a.CreateLabel();
            a.mov(ecx, 500);
            a.Label(ref top);
            a.mov(__dword_ptr[0x9000], ecx);
            a.mov(__dword_ptr[Watched], ecx);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        }));

        machine.RunToHalt();

        _seen.Accesses.Select(a => a.Value).Should().Equal(Enumerable.Range(0, 500).Select(i => (ulong)(500 - i)));
        machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().BeGreaterThan(0);
    }

    [Fact]
    public void WatchedMemory_SetBetweenRuns_IsSeenThoughThePageWasInUse()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.mov(__dword_ptr[Watched], eax);
            a.jmp(top);
        });
        machine.Run(100);
        Watch(machine);

        machine.Run(10);
        machine.Vm.WatchedMemory = [];
        machine.Run(10);

        _seen.Accesses.Should().HaveCount(5);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(VirtualMachine.AddressSpaceEnd, 1)]
    [InlineData(1, VirtualMachine.AddressSpaceEnd)]
    public void WatchedMemory_NoRange_IsRefused(ulong start, ulong length)
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Invoking(m => m.Vm.WatchedMemory = [new ObservedRange(start, length)]).Should().Throw<KvmException>();
    }

    private TestMachine Watch(TestMachine machine)
    {
        machine.Vm.Observer = _seen;
        machine.Vm.WatchedMemory = [new ObservedRange(Watched, 16)];
        return machine;
    }
}
