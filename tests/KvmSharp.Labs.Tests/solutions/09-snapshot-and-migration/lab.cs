using System.Buffers.Binary;
using System.Numerics;
using KvmSharp;

const ulong Base = ${base};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/twice.bin");
uint cost = args.Length > 1 ? uint.Parse(args[1]) : ${turn/2};
int limit = args.Length > 2 ? int.Parse(args[2]) : ${limit};
int rounds = args.Length > 3 ? int.Parse(args[3]) : 10;

using var kvm = Kvm.Open();
Machine machine = new(kvm);
machine.Vm.Memory.Write(Base, guest);

// Flat protected mode, as in lab 2.
SegmentRegister data = SegmentRegister.FlatData32(16);
SpecialRegisters special = machine.Cpu.GetSpecialRegisters();
machine.Cpu.SetSpecialRegisters(special with
{
    Cr0 = special.Cr0 | 1, Cs = SegmentRegister.FlatCode32(8), Ds = data, Es = data, Ss = data,
});
machine.Cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

(ProcessorState State, byte[][] Memory)? snapshot = null;
while (machine.Run(ulong.MaxValue) is var stop && stop != Stop.Halted)
{
    if (stop == Stop.Snapshot)
    {
        snapshot = (machine.Save(), machine.SaveMemory());
    }
    else if (stop == Stop.Migrate)
    {
        machine = Migrate(machine);
    }
}

if (snapshot is { } taken)
{
    Machine restored = new(kvm);
    restored.RestoreMemory(taken.Memory);
    restored.Restore(taken.State);
    while (restored.Run(ulong.MaxValue) != Stop.Halted)
    {
        // Requests of a restored machine are not granted.
    }
}

return 0;

// Gives the machine on which the guest goes on: the source, when it has halted meanwhile.
Machine Migrate(Machine source)
{
    Machine target = new(kvm);
    source.LogDirtyPages();
    IReadOnlyList<ulong> pages = Machine.AllPages;
    int round = 0;
    do
    {
        Console.WriteLine($"round {round}: {pages.Count}");
        source.SendPages(pages, target);
        round++;
        if (source.RunFor((ulong)pages.Count * cost) == Stop.Halted)
        {
            return source;
        }

        pages = source.TakeDirtyPages();
    }
    while (pages.Count > limit && round < rounds);

    Console.WriteLine($"stop: {pages.Count}");
    source.SendPages(pages, target);
    target.Restore(source.Save());
    return target;
}

/// <summary>Why a machine stands.</summary>
enum Stop
{
    Budget,
    Halted,
    Snapshot,
    Migrate,
}

/// <summary>All that is not memory: the processor and the devices.</summary>
sealed record ProcessorState(GeneralRegisters General, SpecialRegisters Special, FpuState Fpu, uint Tickets);

/// <summary>A machine with its devices.</summary>
sealed class Machine
{
    private const ulong High = ${high};
    private const int PageSize = 4096;
    private const int LowPages = 256;
    private const int HighPages = ${pages} - LowPages;
    private const ushort ConsolePort = ${console};
    private const ushort TicketPort = ${ticket};
    private const ushort AskPort = ${ask};
    private const ushort ReportPort = ${report};

    private static readonly MemorySlot[] Slots = [new(0, 0, LowPages * PageSize), new(1, High, HighPages * PageSize)];

    private uint _tickets;
    private bool _halted;

    public Machine(Kvm kvm)
    {
        Vm = kvm.CreateVm();
        Array.ForEach(Slots, Vm.SetUserMemoryRegion);
        Cpu = Vm.CreateVcpu(0);
    }

    public static IReadOnlyList<ulong> AllPages { get; } =
        [.. Slots.SelectMany(slot => Enumerable.Range(0, (int)(slot.Size / PageSize)).Select(page => slot.GuestPhysicalAddress + ((ulong)page * PageSize)))];

    public VirtualMachine Vm { get; }

    public VirtualCpu Cpu { get; }

    /// <summary>Runs at most so many instructions; stands between two of them when it comes back.</summary>
    public Stop Run(ulong instructions)
    {
        ulong end = instructions == ulong.MaxValue ? instructions : Cpu.InstructionsRetired + instructions;
        while (!_halted)
        {
            VmExit exit = Cpu.Run(end - Cpu.InstructionsRetired);
            switch (exit)
            {
                case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ConsolePort, Width: 1, Count: 1 }:
                    Console.Write((char)exit.Value);
                    break;
                case { Reason: VmExitReason.Io, Direction: ExitDirection.Read, Port: TicketPort, Width: 4, Count: 1 }:
                    BinaryPrimitives.WriteUInt32LittleEndian(Cpu.ExitData, ++_tickets);
                    break;
                case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: AskPort, Width: 1, Count: 1 }:
                    Cpu.CompletePendingExit(); // the state to be saved is the one behind the request
                    return exit.Value == 1 ? Stop.Snapshot : Stop.Migrate;
                case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ReportPort }:
                    break;
                case { InterruptCause: InterruptCause.Budget }:
                    return Stop.Budget;
                case { Reason: VmExitReason.Hlt }:
                    _halted = true;
                    break;
                default:
                    throw new InvalidOperationException($"unexpected exit: {exit}");
            }
        }

        return Stop.Halted;
    }

    /// <summary>Runs exactly so many instructions, unless the guest halts; requests are not granted meanwhile.</summary>
    public Stop RunFor(ulong instructions)
    {
        ulong end = Cpu.InstructionsRetired + instructions;
        Stop stop = Stop.Budget;
        while (stop != Stop.Halted && Cpu.InstructionsRetired < end)
        {
            stop = Run(end - Cpu.InstructionsRetired);
        }

        return stop;
    }

    public ProcessorState Save() => new(Cpu.GetRegisters(), Cpu.GetSpecialRegisters(), Cpu.GetFpuState(), _tickets);

    public void Restore(ProcessorState state)
    {
        Cpu.SetSpecialRegisters(state.Special);
        Cpu.SetRegisters(state.General);
        Cpu.SetFpuState(state.Fpu);
        _tickets = state.Tickets;
    }

    public byte[][] SaveMemory() => Array.ConvertAll(Slots, slot =>
    {
        var bytes = new byte[slot.Size];
        Vm.Memory.Read(slot.GuestPhysicalAddress, bytes);
        return bytes;
    });

    public void RestoreMemory(byte[][] memory)
    {
        foreach (MemorySlot slot in Slots)
        {
            Vm.Memory.Write(slot.GuestPhysicalAddress, memory[slot.Id]);
        }
    }

    public void LogDirtyPages() => Array.ForEach(Slots, slot => Vm.SetUserMemoryRegion(slot with { Options = MemorySlotOptions.LogDirtyPages }));

    /// <summary>Takes the addresses of the pages written since the last time.</summary>
    public List<ulong> TakeDirtyPages()
    {
        List<ulong> pages = [];
        foreach (MemorySlot slot in Slots)
        {
            ulong[] log = Vm.GetDirtyLog(slot.Id);
            for (int word = 0; word < log.Length; word++)
            {
                for (ulong bits = log[word]; bits != 0; bits &= bits - 1)
                {
                    pages.Add(slot.GuestPhysicalAddress + ((ulong)((word * 64) + BitOperations.TrailingZeroCount(bits)) * PageSize));
                }
            }
        }

        return pages;
    }

    public void SendPages(IReadOnlyList<ulong> pages, Machine target)
    {
        var page = new byte[PageSize];
        foreach (ulong address in pages)
        {
            Vm.Memory.Read(address, page);
            target.Vm.Memory.Write(address, page);
        }
    }
}
