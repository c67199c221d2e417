// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or `dotnet run lab.cs weights ${slice} guests/lower.bin=3 guests/upper.bin=1`.
using KvmSharp;

if (args.Length == 0)
{
    args = ["turns", "${slice}", "guests/lower.bin", "guests/upper.bin"];
}

string policy = args[0];              // turns, budget or weights
ulong slice = ulong.Parse(args[1]);   // a turn's length; with budget the period's

using var kvm = Kvm.Open();
Guest[] guests = [.. args.Skip(2).Select((argument, number) => Guest.Load(kvm, number, argument))];

// Step 1: a turn. Step 2: turns. Step 3: sleep. Step 4: budget. Step 5: weights.
throw new NotImplementedException("Steps 1 to 5 are yours.");

/// <summary>A guest: a machine of its own with one processor, and what the scheduler knows of it.</summary>
internal sealed class Guest
{
    private const ulong Base = ${base};          // where each guest is loaded and begins
    public const ushort ConsolePort = ${port};   // a byte written here is printed
    public const ushort SleepPort = ${sleep};     // a dword written here: sleep so long

    public required int Number { get; init; }    // from 0, in the order of the arguments

    public required ulong Share { get; init; }   // its budget or its weight, from GUEST=SHARE

    public required VirtualCpu Cpu { get; init; }

    public static Guest Load(Kvm kvm, int number, string argument)
    {
        string[] parts = argument.Split('=');
        VirtualMachine vm = kvm.CreateVm();
        vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x10000));
        vm.Memory.Write(Base, File.ReadAllBytes(parts[0]));
        VirtualCpu cpu = vm.CreateVcpu(0);
        cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = SegmentRegister.RealMode(0) });
        cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });
        return new Guest { Number = number, Share = parts.Length > 1 ? ulong.Parse(parts[1]) : 1, Cpu = cpu };
    }
}
