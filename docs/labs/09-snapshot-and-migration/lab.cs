// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or with all arguments: `dotnet run lab.cs guests/move.bin ${turn/2} ${limit} 10`.
using KvmSharp;

const ulong Base = ${base};           // where the guest is loaded and begins
const ulong High = ${high};         // where the upper slot begins
const int PageSize = 4096;
const int LowPages = 256;               // slot 0, at address 0
const int HighPages = ${pages} - LowPages;  // slot 1, at High
const ushort ConsolePort = ${console};     // a byte written here is printed
const ushort TicketPort = ${ticket};      // reading a dword draws the next ticket: 1, 2, 3, ...
const ushort AskPort = ${ask};         // 1: take a snapshot; 2: migrate
const ushort ReportPort = ${report};      // what the guest found out; for the tests

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/twice.bin");
uint cost = args.Length > 1 ? uint.Parse(args[1]) : ${turn/2};   // instructions that a guest runs while one page is sent
int limit = args.Length > 2 ? int.Parse(args[2]) : ${limit};    // so few pages are sent while the guest stands
int rounds = args.Length > 3 ? int.Parse(args[3]) : 10;  // no more rounds than these

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: LowPages * PageSize));
vm.SetUserMemoryRegion(new MemorySlot(Id: 1, GuestPhysicalAddress: High, Size: HighPages * PageSize));
vm.Memory.Write(Base, guest);

// Flat protected mode, as in lab 2.
VirtualCpu cpu = vm.CreateVcpu(0);
SegmentRegister data = SegmentRegister.FlatData32(16);
SpecialRegisters special = cpu.GetSpecialRegisters();
cpu.SetSpecialRegisters(special with
{
    Cr0 = special.Cr0 | 1, Cs = SegmentRegister.FlatCode32(8), Ds = data, Es = data, Ss = data,
});
cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

// Step 1: the loop and the devices. Step 2: the snapshot.
// Step 3: rounds. Step 4: when to stop.
throw new NotImplementedException("Steps 1 to 4 are yours.");
