namespace KvmSharp.Machines.Tests;

public class MachineTraceTests
{
    // mov al,'A'; out E9h,al; hlt
    private static readonly byte[] SaysA = [0xB0, 0x41, 0xE6, 0xE9, 0xFA, 0xF4];

    // out E9h,al; jmp $-2
    private static readonly byte[] Floods = [0xE6, 0xE9, 0xEB, 0xFC];

    [Fact]
    public void Record_PortAccess_HasPlaceTimeAndValue()
    {
        using PcMachine machine = Traced(SaysA, TraceKinds.Ports);

        machine.Trace.Should().ContainSingle().Which.Should().BeEquivalentTo(new
        {
            Kind = TraceEventKind.Port,
            VcpuId = 0,
            Position = new VcpuPosition(1, 0, 0x7C02),
            Time = 1,
            Address = 0xE9,
            Width = 1,
            Value = 0x41,
            Direction = ExitDirection.Write,
            IsExit = true,
        });
        machine.Trace[0].Exit.BasicExitReason.Should().Be(BasicExitReason.IoInstruction);
    }

    [Fact]
    public void Record_Everything_TellsEachKindInOrder()
    {
        using PcMachine machine = Traced(SaysA, TraceKinds.Events | TraceKinds.Instructions);

        machine.Trace.Select(traced => traced.Kind).Should().Equal(
            TraceEventKind.Instruction, TraceEventKind.Instruction, TraceEventKind.Console, TraceEventKind.Port,
            TraceEventKind.Instruction, TraceEventKind.Instruction, TraceEventKind.Halt, TraceEventKind.Exit);
        machine.Trace.Select(traced => traced.Sequence).Should().Equal(0, 1, 2, 3, 4, 5, 6, 7);
        machine.Trace.Single(traced => traced.Kind == TraceEventKind.Console).Should().BeEquivalentTo(new { Address = (ulong)TraceConsole.Serial, Value = 0x41UL });
        machine.Trace[^1].Exit.Reason.Should().Be(VmExitReason.Hlt);
    }

    [Fact]
    public void Record_Mmio_HasTheAnswerOfARead()
    {
        // mov ax,B800h; mov ds,ax; mov byte [0],5Ah; mov al,[0]; cli; hlt
        using PcMachine machine = Traced([0xB8, 0x00, 0xB8, 0x8E, 0xD8, 0xC6, 0x06, 0x00, 0x00, 0x5A, 0xA0, 0x00, 0x00, 0xFA, 0xF4], TraceKinds.Mmio);

        machine.Trace.Select(traced => (traced.Direction, traced.Address, traced.Width, traced.Value)).Should().Equal(
            (ExitDirection.Write, 0xB_8000, 1, 0x5A), (ExitDirection.Read, 0xB_8000, 1, 0x5A));
    }

    [Fact]
    public void Record_FaultAndSoftwareInterrupt_HaveTheirVectors()
    {
        // int 40h; xor cx,cx; div cx; handler of 40h: iret; handler of #DE: cli; hlt
        using PcMachine machine = TracedMachine.Boot([0xCD, 0x40, 0x31, 0xC9, 0xF7, 0xF1, 0xCF, 0xFA, 0xF4]);
        machine.Memory.TryWrite(0x40 * 4, [0x06, 0x7C, 0, 0]).Should().BeTrue();
        machine.Memory.TryWrite(0, [0x07, 0x7C, 0, 0]).Should().BeTrue();
        machine.Trace.Record(TraceKinds.Interrupts);
        TracedMachine.Run(machine);

        machine.Trace.Select(traced => (traced.Kind, (int)traced.Vector, traced.Position.Rip, traced.ErrorCode)).Should().Equal(
            (TraceEventKind.SoftwareInterrupt, 0x40, 0x7C00, null), (TraceEventKind.Fault, 0, 0x7C04, null));
    }

    [Fact]
    public void Record_WatchedMemory_IsToldOfAccesses()
    {
        using PcMachine machine = TracedMachine.Boot([0xC6, 0x06, 0x00, 0x90, 0x5A, 0xFA, 0xF4]); // mov byte [9000h],5Ah
        machine.Trace.WatchedMemory = [new ObservedRange(0x9000, 1)];
        machine.Trace.Record(TraceKinds.Memory);
        TracedMachine.Run(machine);

        machine.Trace.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = TraceEventKind.Memory, Address = 0x9000, Value = 0x5A, Width = 1 });
    }

    [Fact]
    public void Record_Hypercall_IsAnsweredWithNoSuchCall()
    {
        // mov ax,5; vmcall; cli; hlt
        using PcMachine machine = TracedMachine.Boot([0xB8, 0x05, 0x00, 0x0F, 0x01, 0xC1, 0xFA, 0xF4], o => o with { Hypercalls = true });
        machine.Trace.Record(TraceKinds.Hypercalls);
        TracedMachine.Run(machine).Reason.Should().Be(MachineStopReason.Halted);

        machine.Trace.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = TraceEventKind.Hypercall, Address = 5 });
        ((int)machine.Vcpu.GetRegisters().Rax).Should().Be(-1000, "KVM_ENOSYS");
    }

    [Fact]
    public void Record_Unmapped_IsToldOncePerPort()
    {
        using PcMachine machine = Traced([0xE4, 0xE0, 0xE4, 0xE0, 0xFA, 0xF4], TraceKinds.Unmapped); // in al,E0h twice
        machine.Trace.Should().ContainSingle().Which.Address.Should().Be(0xE0);
    }

    [Fact]
    public void Record_TripleFault_EndsWithTheShutdown()
    {
        // lidt [7C06h]; int3; a limit of 0
        using PcMachine machine = Traced([0x0F, 0x01, 0x1E, 0x06, 0x7C, 0xCC, 0, 0, 0, 0, 0, 0], TraceKinds.Faults | TraceKinds.Exits);

        machine.Trace.Select(traced => (traced.Kind, (int)traced.Vector)).Should().Equal(
            (TraceEventKind.Fault, 3), (TraceEventKind.Fault, 13), (TraceEventKind.Fault, 8), (TraceEventKind.Exit, 0));
        machine.Trace[^1].Exit.BasicExitReason.Should().Be(BasicExitReason.TripleFault);
    }

    [Fact]
    public void Record_GuestThatFloods_KeepsTheLastAndCountsTheRest()
    {
        using PcMachine machine = TracedMachine.Boot(Floods);
        machine.Trace.Record(TraceKinds.Ports, capacity: 1000);
        TracedMachine.Run(machine);

        (machine.Trace.Count, machine.Trace.Dropped).Should().Be((1000, 500_000 - 1000UL));
        machine.Trace.Select(traced => traced.Position.Instructions).Should().BeInAscendingOrder().And.EndWith(999_998UL);
    }

    [Fact]
    public void Record_Filter_KeepsWhatItAllows()
    {
        using PcMachine machine = TracedMachine.Boot([0xE6, 0xE9, 0xE6, 0x80, 0xFA, 0xF4]);
        machine.Trace.Record(TraceKinds.Ports, filter: traced => traced.Address == 0x80);
        TracedMachine.Run(machine);

        machine.Trace.Should().ContainSingle().Which.Address.Should().Be(0x80);
    }

    [Fact]
    public void Subscribe_UntilDisposed_IsToldWithTheData()
    {
        var seen = new List<string>();
        using PcMachine machine = TracedMachine.Boot(Floods);
        IDisposable subscription = machine.Trace.Subscribe(TraceKinds.Ports, (in TraceEvent traced, ReadOnlySpan<byte> data) => seen.Add($"{traced.Address:X} {data.Length}"));
        machine.Run(new MachineRunOptions { MaxInstructions = 4 });
        subscription.Dispose();
        machine.Run(new MachineRunOptions { MaxInstructions = 4 });

        seen.Should().Equal("E9 1", "E9 1");
        machine.Trace.Should().BeEmpty();
    }

    [Fact]
    public void Stop_Recording_KeepsWhatThereIs()
    {
        using PcMachine machine = TracedMachine.Boot(Floods);
        machine.Trace.Record(TraceKinds.Ports);
        machine.Run(new MachineRunOptions { MaxInstructions = 4 });
        machine.Trace.Stop();
        machine.Run(new MachineRunOptions { MaxInstructions = 4 });

        machine.Trace.Should().HaveCount(2);
    }

    [Fact]
    public void Hash_OtherByte_IsAnother()
    {
        using PcMachine a = Traced(SaysA, TraceKinds.Events);
        using PcMachine again = Traced(SaysA, TraceKinds.Events);
        using PcMachine b = Traced([0xB0, 0x42, .. SaysA[2..]], TraceKinds.Events);

        a.Trace.Hash.Should().Be(again.Trace.Hash).And.NotBe(b.Trace.Hash).And.NotBe(0);
    }

    [Theory]
    [InlineData(TraceKinds.None)]
    [InlineData(TraceKinds.Events)]
    public void Run_ListeningOrNot_AllocatesNothing(TraceKinds kinds)
    {
        using PcMachine machine = TracedMachine.Boot([0xE6, 0x80, 0xCD, 0x40, 0xEB, 0xFA, 0xCF]); // out 80h,al; int 40h; jmp $-4; iret
        machine.Memory.TryWrite(0x100, [0x06, 0x7C, 0, 0]).Should().BeTrue();
        if (kinds != TraceKinds.None)
        {
            machine.Trace.Record(kinds, capacity: 100);
        }

        machine.Run(new MachineRunOptions { MaxInstructions = 10_000 });
        var limits = new MachineRunOptions { MaxInstructions = 100_000 };
        long few = AllocatedBytes.Least(() => machine.Run(new MachineRunOptions { MaxInstructions = 100 }));

        AllocatedBytes.Least(() => machine.Run(limits)).Should().BeLessThanOrEqualTo(few, "what a run allocates does not depend on its length");
    }

    private static PcMachine Traced(byte[] code, TraceKinds kinds)
    {
        PcMachine machine = TracedMachine.Boot(code);
        machine.Trace.Record(kinds);
        TracedMachine.Run(machine);
        return machine;
    }
}
