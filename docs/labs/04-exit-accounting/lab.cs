// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or with another guest: `dotnet run lab.cs guests/who.bin`.
using KvmSharp;

const ulong Base = ${base};             // where the guest is loaded and begins
const ushort ReportPort = ${port};     // a dword written here is printed on a line, as X8
const uint Identity = 0x40000000;      // EAX the highest leaf, then the signature
const string Signature = "${signature}";
const uint AllExits = ${leaf};
const uint AllInstructions = ${leaf+1};
const uint ExitsOf = ${leaf+2};         // ECX: the reason
const uint InstructionsOf = ${leaf+3};  // ECX: the reason

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/ledger.bin");

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x100000));
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

// Step 1: the intercepts and the loop.
// Step 2: leaf 40000000h.
// Step 3: the leaves of the account.
throw new NotImplementedException("Steps 1 to 4 are yours.");
