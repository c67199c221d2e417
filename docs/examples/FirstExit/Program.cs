using KvmSharp;

// mov dx, 3F8h; mov al, 'H'; out dx, al; mov al, 'i'; out dx, al; hlt
byte[] code = [0xBA, 0xF8, 0x03, 0xB0, 0x48, 0xEE, 0xB0, 0x69, 0xEE, 0xF4];

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0x1000, Size: 0x1000));
vm.Memory.Write(0x1000, code);

VirtualCpu cpu = vm.CreateVcpu(0);
cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = SegmentRegister.RealMode(0) });
cpu.SetRegisters(new GeneralRegisters { Rip = 0x1000, Rflags = 2 });

for (VmExit exit = cpu.Run(); exit.Reason != VmExitReason.Hlt; exit = cpu.Run())
{
    if (exit is not { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: 0x3F8 })
    {
        throw new InvalidOperationException($"unexpected exit: {exit}");
    }

    Console.Write((char)exit.Value);
}
