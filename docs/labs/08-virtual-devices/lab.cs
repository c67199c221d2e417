// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or with another guest: `dotnet run lab.cs guests/disk.bin`.
using KvmSharp;

const ulong Base = ${base};            // where the guest is loaded and begins
const uint MemorySize = 0x100000;
const ushort ConsolePort = ${port};    // a byte written here is printed: the old way
const ushort ReportPort = ${report};   // a dword written here is for the tests
const ushort QueuePort = ${queue};     // written: where the queue is; read: the device's state
const ushort BellPort = ${bell};      // written: there is something in the queue
const uint QueueSize = ${size};           // descriptors
const int SectorSize = 512;
const uint Sectors = ${sectors};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/bytewise.bin");
byte[] disk = new byte[Sectors * SectorSize];
for (int i = 0; i < disk.Length; i++)
{
    disk[i] = (byte)(${fill} + (i / SectorSize));
}

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

// Step 1: the loop, and what it cost. Step 2: the queue. Step 3: the descriptors that are refused.
// Step 4: the four operations.
throw new NotImplementedException("Steps 1 to 4 are yours.");
