using KvmSharp;

const ulong Base = ${base};
const ushort ConsolePort = ${port};
const ushort AskPort = ${ask};
byte answer = ${key};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/greeting.bin");

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x10000));
vm.Memory.Write(Base, guest);

VirtualCpu cpu = vm.CreateVcpu(0);
cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

while (true)
{
    VmExit exit = cpu.Run();
    switch (exit)
    {
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ConsolePort, Width: 1, Count: 1 }:
            Console.Write((char)exit.Value);
            break;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Read, Port: AskPort, Width: 1, Count: 1 }:
            cpu.ExitData[0] = answer++;
            break;
        case { Reason: VmExitReason.Hlt }:
            return 0;
        case { Reason: VmExitReason.Shutdown }:
            return 3;
        default:
            throw new InvalidOperationException($"unexpected exit: {exit}");
    }
}
