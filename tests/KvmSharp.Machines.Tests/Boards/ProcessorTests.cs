using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests.Boards;

/// <summary>Several processors in the PC: started by x2APIC commands from real mode, each on its thread or by turns.</summary>
public sealed class ProcessorTests
{
    private const int Counter = 0x0600;
    private const ulong Budget = 200_000_000;

    // 16-bit code for 0000:7C00. The first processor starts the others at 8000h, where they count themselves; then it goes on at Rest.
    private static readonly byte[] StartOthers =
    [
        0xFA,                               // cli
        0x31, 0xC0,                         // xor ax,ax
        0x8E, 0xD8,                         // mov ds,ax
        0xC6, 0x06, 0x00, 0x80, 0xEA,       // mov byte [8000h],0EAh: jmp 0000:Others
        0xC7, 0x06, 0x01, 0x80, 0x80, 0x7C, // mov word [8001h],7C80h
        0xC7, 0x06, 0x03, 0x80, 0x00, 0x00, // mov word [8003h],0
        0x66, 0xB9, 0x1B, 0x00, 0x00, 0x00, // mov ecx,1Bh
        0x0F, 0x32,                         // rdmsr
        0x80, 0xCC, 0x0C,                   // or ah,0Ch: x2APIC
        0x0F, 0x30,                         // wrmsr
        0x66, 0xB9, 0x30, 0x08, 0x00, 0x00, // mov ecx,830h
        0x66, 0x31, 0xD2,                   // xor edx,edx
        0x66, 0xB8, 0x00, 0x45, 0x0C, 0x00, // mov eax,0C4500h: INIT to the others
        0x0F, 0x30,                         // wrmsr
        0x66, 0xB8, 0x08, 0x46, 0x0C, 0x00, // mov eax,0C4608h: start them at 8000h
        0x0F, 0x30,                         // wrmsr
    ];

    // 7C80h: xor ax,ax; mov ds,ax; lock inc word [600h], and on.
    private static readonly byte[] Others = [0x31, 0xC0, 0x8E, 0xD8, 0xF0, 0xFF, 0x06, 0x00, 0x06];

    [Theory]
    [InlineData(2, false)]
    [InlineData(8, false)]
    [InlineData(2, true)]
    [InlineData(8, true)]
    public void Run_AllStarted_FirstSwitchesOff(int cpus, bool deterministic)
    {
        byte others = (byte)(cpus - 1);
        byte[] rest =
        [
            0xF3, 0x90,                         // pause
            0x80, 0x3E, 0x00, 0x06, others,     // cmp byte [600h],others
            0x75, 0xF7,                         // jne pause
            .. PowerOff,
        ];
        using PcMachine machine = Boot(cpus, deterministic, rest, [0xF4, 0xEB, 0xFD]);
        Run(machine).Reason.Should().Be(MachineStopReason.PowerOff);
        CountOf(machine).Should().Be(cpus - 1);
        machine.InstructionsRetired.Should().Be(machine.Vcpus.Aggregate(0UL, (sum, v) => sum + v.InstructionsRetired));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_AnotherProcessorSwitchesOff_AllStop(bool deterministic)
    {
        using PcMachine machine = Boot(2, deterministic, [0xEB, 0xFE], PowerOff);
        Run(machine).Reason.Should().Be(MachineStopReason.PowerOff);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_AllHaltedWithoutInterrupts_IsHalted(bool deterministic)
    {
        using PcMachine machine = Boot(3, deterministic, [0xF4, 0xEB, 0xFD], [0xF4, 0xEB, 0xFD]);
        Run(machine).Reason.Should().Be(MachineStopReason.Halted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_AnotherProcessorResets_AllBootAgain(bool deterministic)
    {
        // The second one counts to 3 by resets through port 92h, then switches off.
        byte[] others = [0x83, 0x3E, 0x00, 0x06, 0x03, 0x73, 0x04, 0xB0, 0x01, 0xE6, 0x92, .. PowerOff];
        using PcMachine machine = Boot(2, deterministic, [0xEB, 0xFE], others);
        Run(machine).Reason.Should().Be(MachineStopReason.PowerOff);
        CountOf(machine).Should().Be(3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_TripleFaultOfAny_StopsTheMachine(bool deterministic)
    {
        byte[] others = [0x0F, 0x01, 0x1E, 0x10, 0x06, 0xCC]; // lidt [610h] (zeros); int3
        using PcMachine machine = Boot(2, deterministic, [0xEB, 0xFE], others);
        Run(machine).Reason.Should().Be(MachineStopReason.TripleFault);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_Budget_IsNeverExceeded(bool deterministic)
    {
        using PcMachine machine = Boot(3, deterministic, [0xEB, 0xFE], [0xEB, 0xFE]);
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = 1_000_000 });
        stop.Reason.Should().Be(MachineStopReason.Budget);
        if (deterministic)
        {
            machine.InstructionsRetired.Should().Be(1_000_000);
        }
        else
        {
            machine.InstructionsRetired.Should().BeInRange(900_000, 1_000_000);
        }
    }

    [Fact]
    public void Run_Cancelled_EndsWithProcessorsWaiting()
    {
        using PcMachine machine = Boot(4, deterministic: false, [0xFB, 0xF4, 0xEB, 0xFD], [0xFB, 0xF4, 0xEB, 0xFD]); // sti; hlt; jmp
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        machine.Run(new MachineRunOptions { Cancellation = source.Token }).Reason.Should().Be(MachineStopReason.Cancelled);
    }

    [Fact]
    public void Run_DeterministicTwice_IsTheSame()
    {
        ulong[] counts = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            using PcMachine machine = Boot(4, deterministic: true, [0xF3, 0x90, 0x80, 0x3E, 0x00, 0x06, 0x03, 0x75, 0xF7, .. PowerOff], [0xF4, 0xEB, 0xFD]);
            Run(machine);
            return machine.InstructionsRetired;
        })];
        counts[0].Should().Be(counts[1]);
    }

    [Fact]
    public void Options_ThatDoNotFit_AreRefused()
    {
        Action off = () => Boot(2, true, [], [], o => o with { Apic = false });
        Action old = () => Boot(2, true, [], [], o => o with { Cpu = CpuModel.Intel486 });
        Action many = () => Boot(9, true, [], []);
        off.Should().Throw<ArgumentException>().WithMessage("*need APICs*");
        old.Should().Throw<ArgumentException>().WithMessage("*486*");
        many.Should().Throw<ArgumentOutOfRangeException>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Apic_OnOrOff_IsToldByCpuid(bool apic)
    {
        byte[] code = [0x66, 0xB8, 1, 0, 0, 0, 0x0F, 0xA2, 0x66, 0x89, 0xD6, .. PowerOff]; // mov eax,1; cpuid; mov esi,edx
        using PcMachine machine = Boot(1, true, code, [], o => o with { Apic = apic }, startOthers: false);
        Run(machine).Reason.Should().Be(MachineStopReason.PowerOff);
        GeneralRegisters r = machine.Vcpu.GetRegisters();
        (((r.Rsi >> 9) & 1) != 0, ((r.Rcx >> 21) & 1) != 0, ((r.Rcx >> 24) & 1) != 0).Should().Be((apic, apic, apic));
    }

    private static byte[] PowerOff => [0xBA, 0x04, 0x06, 0xB8, 0x00, 0x20, 0xEF, 0xF4, 0xEB, 0xFD]; // mov dx,604h; mov ax,2000h; out dx,ax; hlt

    private static PcMachine Boot(int cpus, bool deterministic, byte[] rest, byte[] others, Func<PcOptions, PcOptions>? change = null, bool startOthers = true)
    {
        byte[] sector = new byte[512];
        byte[] first = startOthers ? [.. StartOthers, .. rest] : rest;
        first.CopyTo(sector, 0);
        Others.CopyTo(sector, 0x80);
        others.CopyTo(sector, 0x80 + Others.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(510), 0xAA55);
        var options = new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("sector", sector) },
            MemoryBytes = 1 << 20,
            Cpus = cpus,
            Deterministic = deterministic,
        };
        return new PcMachine(change?.Invoke(options) ?? options);
    }

    private static MachineStop Run(PcMachine machine) => machine.Run(new MachineRunOptions { MaxInstructions = Budget });

    private static int CountOf(PcMachine machine)
    {
        Span<byte> bytes = stackalloc byte[2];
        machine.Memory.TryRead(Counter, bytes).Should().BeTrue();
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }
}
