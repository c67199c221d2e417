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

// Step 1: CS, DS and SS hold the segment at Load; IP is 0, SP is FFF0h.
void EnterRealMode() => throw new NotImplementedException("Step 1 is yours.");

// Step 2: a page directory and a page table; flat segments; CR3, then PE, WP and PG in CR0; EIP is Window, ESP the end of the window.
void EnterProtectedMode() => throw new NotImplementedException("Step 2 is yours.");

// Step 3: four levels of tables, the last with 2 MiB pages; CR4.PAE, EFER.LME and LMA, CR0; RIP is High + Load, RSP the same.
void EnterLongMode() => throw new NotImplementedException("Step 3 is yours.");
