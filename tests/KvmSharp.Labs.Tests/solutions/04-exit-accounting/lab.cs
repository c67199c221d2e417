using System.Buffers.Binary;
using System.Text;
using KvmSharp;

const ulong Base = ${base};
const ushort ReportPort = ${port};
const uint Identity = 0x40000000;
const string Signature = "${signature}";
const uint AllExits = ${leaf};
const uint AllInstructions = ${leaf+1};
const uint ExitsOf = ${leaf+2};
const uint InstructionsOf = ${leaf+3};

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

cpu.Intercepts = new InterceptControls { Cpuid = InterceptMode.Exit, Rdtsc = InterceptMode.Exit, Cr3Write = InterceptMode.Exit };

var exits = new Dictionary<BasicExitReason, uint>();
var instructions = new Dictionary<BasicExitReason, ulong>();
uint total = 0;
ulong before = 0;
while (true)
{
    VmExit exit = cpu.Run();
    total++;
    exits[exit.BasicExitReason] = exits.GetValueOrDefault(exit.BasicExitReason) + 1;
    instructions[exit.BasicExitReason] = instructions.GetValueOrDefault(exit.BasicExitReason) + cpu.InstructionsRetired - before;
    before = cpu.InstructionsRetired;
    switch (exit)
    {
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ReportPort, Width: 4, Count: 1 }:
            Console.WriteLine($"{exit.Value:X8}");
            break;
        case { Reason: VmExitReason.Mmio }: // a read finds zeros in ExitData
            break;
        case { Intercept: InterceptKind.Cpuid }:
            AnswerCpuid();
            break;
        case { Intercept: InterceptKind.Rdtsc or InterceptKind.ControlRegisterWrite }:
            break;
        case { Reason: VmExitReason.Hlt }:
            return 0;
        default:
            throw new InvalidOperationException($"unexpected exit: {exit}");
    }
}

void AnswerCpuid()
{
    GeneralRegisters registers = cpu.GetRegisters();
    uint reason = (uint)registers.Rcx;
    ReadOnlySpan<byte> signature = Encoding.ASCII.GetBytes(Signature);
    switch ((uint)registers.Rax)
    {
        case Identity:
            Give(InstructionsOf, Part(signature), Part(signature[4..]), Part(signature[8..]));
            break;
        case AllExits:
            Give(total, 0, 0, 0);
            break;
        case AllInstructions:
            Give(0, (uint)(before >> 32), (uint)before, 0);
            break;
        case ExitsOf or InstructionsOf when reason > ushort.MaxValue || !Enum.IsDefined((BasicExitReason)reason) || (BasicExitReason)reason == BasicExitReason.None:
            Give(0, 0, 0, uint.MaxValue);
            break;
        case ExitsOf:
            Give(exits.GetValueOrDefault((BasicExitReason)reason), 0, 0, 0);
            break;
        case InstructionsOf:
            ulong ran = instructions.GetValueOrDefault((BasicExitReason)reason);
            Give(0, (uint)(ran >> 32), (uint)ran, 0);
            break;
    }
}

// The registers first: skipping moves RIP.
void Give(uint eax, uint ebx, uint ecx, uint edx)
{
    cpu.SetRegisters(cpu.GetRegisters() with { Rax = eax, Rbx = ebx, Rcx = ecx, Rdx = edx });
    cpu.SkipIntercept();
}

static uint Part(ReadOnlySpan<byte> text) => BinaryPrimitives.ReadUInt32LittleEndian(text);
