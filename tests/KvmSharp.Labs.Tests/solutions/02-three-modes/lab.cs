// Lab ${lab}: ${title}. Student: ${student}.
// dotnet run lab.cs real guests/real.bin; likewise protected and long.
using KvmSharp;

const ulong MemorySize = ${size}; // one slot at 0
const ulong Load = ${load};       // where the guest's first byte is, in physical memory
const ushort ConsolePort = ${port};
const ulong Window = ${window};   // protected mode: linear address of 64 KiB that lead to Load
const ulong High = ${high};       // long mode: linear address of all memory

string mode = args.Length > 0 ? args[0] : "real";
byte[] guest = File.ReadAllBytes(args.Length > 1 ? args[1] : "guests/real.bin");

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, MemorySize));
vm.Memory.Write(Load, guest);
VirtualCpu cpu = vm.CreateVcpu(0);

switch (mode)
{
    case "real":
        EnterRealMode();
        break;
    case "protected":
        EnterProtectedMode();
        break;
    default:
        EnterLongMode();
        break;
}

for (VmExit exit = cpu.Run(); ; exit = cpu.Run())
{
    switch (exit)
    {
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ConsolePort, Width: 1 }:
            Console.Write((char)exit.Value);
            break;
        case { Reason: VmExitReason.Hlt }:
            return 0;
        case { Reason: VmExitReason.Shutdown }:
            return 3;
        default:
            throw new InvalidOperationException($"unexpected exit: {exit.Reason}");
    }
}

void EnterRealMode()
{
    SegmentRegister segment = SegmentRegister.RealMode((ushort)(Load >> 4));
    cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = segment, Ds = segment, Ss = segment });
    cpu.SetRegisters(new GeneralRegisters { Rip = 0, Rsp = 0xFFF0, Rflags = 2 });
}

void EnterProtectedMode()
{
    const ulong Directory = 0x1000;
    const ulong Table = 0x2000;
    const int Pages = 16;
    const int ReadOnlyPage = 8;
    const uint Present = 1;
    const uint Writable = 2;

    vm.Memory.Write(Directory + (4 * (Window >> 22)), (uint)Table | Present | Writable);
    for (uint page = 0; page < Pages; page++)
    {
        uint entry = ((uint)Load + (page << 12)) | Present | (page == ReadOnlyPage ? 0 : Writable);
        vm.Memory.Write(Table + (4 * (((Window >> 12) & 0x3FF) + page)), entry);
    }

    SegmentRegister data = SegmentRegister.FlatData32(16);
    cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with
    {
        Cs = SegmentRegister.FlatCode32(8),
        Ds = data,
        Es = data,
        Ss = data,
        Cr3 = Directory,
        Cr0 = 0x8001_0011, // PG, WP, ET, PE
    });
    cpu.SetRegisters(new GeneralRegisters { Rip = Window, Rsp = Window + (Pages << 12), Rflags = 2 });
}

void EnterLongMode()
{
    const ulong Level4 = 0x1000;
    const ulong Level3 = 0x2000;
    const ulong Level2 = 0x3000;
    const ulong PresentWritable = 3;
    const ulong PageSize = 1 << 7;
    const ulong LargePage = 1 << 21;

    vm.Memory.Write(Level4 + (8 * ((High >> 39) & 0x1FF)), Level3 | PresentWritable);
    vm.Memory.Write(Level3 + (8 * ((High >> 30) & 0x1FF)), Level2 | PresentWritable);
    for (ulong page = 0; page < MemorySize / LargePage; page++)
    {
        vm.Memory.Write(Level2 + (8 * (((High >> 21) & 0x1FF) + page)), (page * LargePage) | PresentWritable | PageSize);
    }

    SegmentRegister data = SegmentRegister.FlatData32(16);
    cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with
    {
        Cs = SegmentRegister.FlatCode64(8),
        Ds = data,
        Es = data,
        Ss = data,
        Cr3 = Level4,
        Cr4 = 1 << 5,            // PAE
        Efer = (1 << 8) | (1 << 10), // LME, LMA
        Cr0 = 0x8001_0011,
    });
    cpu.SetRegisters(new GeneralRegisters { Rip = High + Load, Rsp = High + Load, Rflags = 2 });
}
