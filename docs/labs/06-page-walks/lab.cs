// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or with another guest: `dotnet run lab.cs guests/churn.bin`.
using KvmSharp;

const ulong Base = ${base};      // where the guest is loaded and begins
const ulong MemorySize = 0x400000;
const ulong Walk = ${walk};         // RBX root, RCX linear address, RDX access: where does it lead?
const ulong Cost = ${cost};         // RBX root, RCX linear address: how many references, nested?

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/walks.bin");

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: MemorySize));
vm.Memory.Write(Base, guest);
vm.HypercallExits = true;

// Long mode, as in lab 2: linear addresses are physical ones, in pages of 2 MiB.
VirtualCpu cpu = vm.CreateVcpu(0);
vm.Memory.Write(0x1000, 0x2003UL);
vm.Memory.Write(0x2000, 0x3003UL);
vm.Memory.Write(0x3000, 0x83UL);
vm.Memory.Write(0x3008, 0x200083UL);
SegmentRegister data = SegmentRegister.FlatData32(16);
cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with
{
    Cs = SegmentRegister.FlatCode64(8),
    Ds = data,
    Es = data,
    Ss = data,
    Cr3 = 0x1000,
    Cr4 = 1 << 5,                            // PAE
    Efer = (1 << 8) | (1 << 10) | (1 << 11), // LME, LMA, NXE
    Cr0 = 0x8001_0011,                       // PG, WP, ET, PE
});
cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

// Step 1: the loop. Step 2: the walk. Step 3: its cost.
// Step 4: at the end, the exits by reason, nested and shadowed.
throw new NotImplementedException("Steps 1 to 4 are yours.");
