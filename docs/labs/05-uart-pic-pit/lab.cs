// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or with another guest: `dotnet run lab.cs guests/ticks.bin`.
using KvmSharp;

const ulong Base = ${base};           // where the guest is loaded and begins
const ushort UartPort = ${uart};       // eight registers from here
const int UartLine = ${line};               // of the PIC
const ushort ReportPort = ${report};     // a word written here is printed on a line, as X4

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/hello.bin");

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x10000));
vm.Memory.Write(Base, guest);

VirtualCpu cpu = vm.CreateVcpu(0);
cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = SegmentRegister.RealMode(0) });
cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

// Step 1: the dispatcher: vm.ExitHandler = ...; and the loop for what it declines.
// Step 2: the UART. Step 3: the PIC: vm.InterruptController = ... Step 4: the PIT.
throw new NotImplementedException("Steps 1 to 4 are yours.");

/// <summary>A device behind the dispatcher: it sees one byte at one port at a time.</summary>
internal interface IDevice
{
    byte Read(ushort port);

    void Write(ushort port, byte value);
}
