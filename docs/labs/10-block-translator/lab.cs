// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs guests/sum.bin`, beside the vCPU with `dotnet run lab.cs guests/sum.bin lockstep`.
using KvmSharp;

const uint Base = ${base};     // where the guest is loaded and begins
const ushort Port = ${port};    // a dword written here is printed, as X8
const int Most = ${most};           // the most instructions of a block

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/sum.bin");
bool lockstep = args.Length > 1 && args[1] == "lockstep";
long flipAt = args.Length > 2 ? long.Parse(args[2]) : 0; // behind this run of a block, bit 0 of EAX is flipped; 0: never

using var kvm = Kvm.Open();
VirtualMachine own = CreateMachine(); // its vCPU runs what is not translated
var state = new GuestState(own.Memory) { Eip = Base };
state.Registers[4] = Base;

// Step 1: the loop, with everything handed over. Step 2: blocks. Step 3: the instructions.
// Step 4: lockstep. Step 5: code that is written to.
throw new NotImplementedException("Steps 1 to 5 are yours.");

// A machine of 1 MiB with the guest in it, in flat protected mode, as in lab 2.
VirtualMachine CreateMachine()
{
    VirtualMachine vm = kvm.CreateVm();
    vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x100000));
    vm.Memory.Write(Base, guest);
    VirtualCpu cpu = vm.CreateVcpu(0);
    SegmentRegister data = SegmentRegister.FlatData32(16);
    SpecialRegisters special = cpu.GetSpecialRegisters();
    cpu.SetSpecialRegisters(special with
    {
        Cr0 = special.Cr0 | 1, Cs = SegmentRegister.FlatCode32(8), Ds = data, Es = data, Ss = data,
    });
    cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });
    return vm;
}

/// <summary>What translated code works on.</summary>
sealed class GuestState(GuestMemory memory)
{
    public const uint Carry = 1, Zero = 0x40, Sign = 0x80, Overflow = 0x800;

    /// <summary>EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI: the order of the instruction formats.</summary>
    public uint[] Registers { get; } = new uint[8];

    public uint Eip { get; set; }

    /// <summary>EFLAGS. The four above are kept; others are what the vCPU left.</summary>
    public uint Flags { get; set; } = 2;

    public GuestMemory Memory { get; } = memory;
}
