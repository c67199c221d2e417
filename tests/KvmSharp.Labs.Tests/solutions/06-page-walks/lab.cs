using KvmSharp;

const ulong Base = ${base};
const ulong MemorySize = 0x400000;
const ulong Walk = ${walk};
const ulong Cost = ${cost};

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

cpu.CountShadowPagingExits = true;

const ulong NoSuchCall = unchecked((ulong)-1000);
const ulong Fault = 1UL << 63;
const ulong NestedLevels = 4;

while (true)
{
    VmExit exit = cpu.Run();
    switch (exit)
    {
        case { Reason: VmExitReason.Hypercall }:
            GeneralRegisters registers = cpu.GetRegisters();
            cpu.CompleteHypercall(exit.Address switch
            {
                Walk => WalkTables(registers.Rbx, registers.Rcx, registers.Rdx).Result,
                Cost => CostOf(WalkTables(registers.Rbx, registers.Rcx, 0)),
                _ => NoSuchCall,
            });
            break;
        case { Reason: VmExitReason.Hlt }:
            PrintExits();
            return 0;
        default:
            throw new InvalidOperationException($"unexpected exit: {exit}");
    }
}

// Follows the tables from the root; Entries is how many entries were read.
(ulong Result, ulong Entries, bool Found) WalkTables(ulong root, ulong linear, ulong access)
{
    const ulong Present = 1;
    const ulong Writable = 2;
    const ulong User = 4;
    const ulong Large = 0x80;
    const ulong Fetch = 0x10;
    const ulong NoExecute = 1UL << 63;
    const ulong AddressBits = 0x000F_FFFF_FFFF_F000;

    ulong table = root;
    ulong allowed = Writable | User;
    ulong forbidden = 0;
    ulong entries = 0;
    for (int level = 4; level >= 1; level--)
    {
        int shift = 12 + (9 * (level - 1));
        ulong entry = ReadEntry((table & AddressBits) + (8 * ((linear >> shift) & 0x1FF)));
        entries++;
        if ((entry & Present) == 0)
        {
            return (Fault | access, entries, false);
        }

        allowed &= entry;
        forbidden |= entry & NoExecute;
        table = entry;
        if (level == 1 || (level <= 3 && (entry & Large) != 0))
        {
            ulong offset = (1UL << shift) - 1;
            bool refused = (access & (Writable | User) & ~allowed) != 0 || ((access & Fetch) != 0 && forbidden != 0);
            return (refused ? Fault | access | Present : (entry & AddressBits & ~offset) | (linear & offset), entries, true);
        }
    }

    throw new InvalidOperationException("level 1 always ends a walk");
}

ulong ReadEntry(ulong address)
{
    Span<byte> bytes = stackalloc byte[8];
    return vm.Memory.TryRead(address, bytes) ? BitConverter.ToUInt64(bytes) : 0;
}

static ulong CostOf((ulong Result, ulong Entries, bool Found) walk) =>
    (walk.Entries * (NestedLevels + 1)) + (walk.Found ? NestedLevels : 0);

void PrintExits()
{
    foreach (BasicExitReason reason in Enum.GetValues<BasicExitReason>().Where(reason => reason != BasicExitReason.None))
    {
        ulong nested = cpu.Statistics.ExitsOf(reason);
        ulong shadow = nested + cpu.Statistics.ShadowPaging.ExitsOf(reason);
        if (shadow != 0)
        {
            Console.WriteLine($"exit {(int)reason}: {nested} {shadow}");
        }
    }
}
