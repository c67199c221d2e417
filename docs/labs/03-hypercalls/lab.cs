// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or with another guest: `dotnet run lab.cs guests/whole.bin`.
using KvmSharp;

const ulong Base = ${base};            // where the guest is loaded and begins
const ulong MemorySize = 0x100000;
const ushort ConsolePort = ${port};    // a byte written here is printed
const ushort ReportPort = ${report};   // a dword written here is printed as a signed number on a line
const ulong Put = ${put};              // RBX address, RCX length: print a text
const ulong Ask = ${ask};              // RBX basic exit reason: how many so far?
const ulong Stop = ${stop};            // RBX status: end the program

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

// Step 1: the loop, with the two ports.
// Step 2: the calls.
// Step 3: at the end, the count of exits by basic exit reason.
throw new NotImplementedException("Steps 1 to 3 are yours.");
