using System.Text;
using KvmSharp;

const ulong Base = ${base};
const ulong MemorySize = 0x100000;
const ushort ConsolePort = ${port};
const ushort ReportPort = ${report};
const ulong Put = ${put};
const ulong Ask = ${ask};
const ulong Stop = ${stop};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/bytewise.bin");

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: MemorySize));
vm.Memory.Write(Base, guest);

// Flat protected mode, as in lab 2.
VirtualCpu cpu = vm.CreateVcpu(0);
SpecialRegisters special = cpu.GetSpecialRegisters();
SegmentRegister data = SegmentRegister.FlatData32(16);
cpu.SetSpecialRegisters(special with
{
    Cr0 = special.Cr0 | 1, Cs = SegmentRegister.FlatCode32(8), Ds = data, Es = data, Ss = data,
});
cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

vm.HypercallExits = true;

const ulong BadAddress = unchecked((ulong)-14);
const ulong NoSuchCall = unchecked((ulong)-1000);

var counts = new SortedDictionary<BasicExitReason, int>();
while (true)
{
    VmExit exit = cpu.Run();
    counts[exit.BasicExitReason] = counts.GetValueOrDefault(exit.BasicExitReason) + 1;
    switch (exit)
    {
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ConsolePort, Width: 1, Count: 1 }:
            Console.Write((char)exit.Value);
            break;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ReportPort, Width: 4, Count: 1 }:
            Console.WriteLine((int)exit.Value);
            break;
        case { Reason: VmExitReason.Hypercall, Address: Stop }:
            return End((int)cpu.GetRegisters().Rbx);
        case { Reason: VmExitReason.Hypercall }:
            cpu.CompleteHypercall(Answer(exit.Address, cpu.GetRegisters()));
            break;
        case { Reason: VmExitReason.Hlt }:
            return End(0);
        default:
            throw new InvalidOperationException($"unexpected exit: {exit}");
    }
}

ulong Answer(ulong number, GeneralRegisters registers) => number switch
{
    Put => Print(registers.Rbx, registers.Rcx),
    Ask => (ulong)counts.Where(pair => (ulong)pair.Key == registers.Rbx).Sum(pair => pair.Value),
    _ => NoSuchCall,
};

// The range is checked without a sum, which could wrap, and before anything of its size is made.
ulong Print(ulong address, ulong length)
{
    if (length > MemorySize || address > MemorySize - length)
    {
        return BadAddress;
    }

    byte[] text = new byte[length];
    vm.Memory.Read(address, text);
    Console.Write(Encoding.Latin1.GetString(text));
    return length;
}

int End(int status)
{
    Console.WriteLine();
    foreach ((BasicExitReason reason, int count) in counts)
    {
        Console.WriteLine($"exit {(int)reason}: {count}");
    }

    return status;
}
