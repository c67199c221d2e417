namespace KvmSharp.Machines;

/// <summary>Sets up a vCPU at the entry of an image: the second step of every loader.</summary>
internal static class StartRegisters
{
    private const ulong FlagsReserved = 0x2; // bit 1 of EFLAGS is always set
    private const ulong ProtectionEnable = 0x1; // CR0.PE
    private const ulong ExtensionType = 0x10;   // CR0.ET, set on every processor since the 486
    private const ulong Paging = 0x8000_0000;   // CR0.PG
    private const ulong PhysicalAddressExtension = 0x20; // CR4.PAE
    private const ulong LongModeEnable = 0x100; // EFER.LME
    private const ulong LongModeActive = 0x400; // EFER.LMA

    /// <summary>The stack grows down from the boot address: what lies below it, down to the interrupt vectors, is free.</summary>
    private const ulong StackTop = PcLayout.BootAddress;

    /// <summary>Real mode as a BIOS leaves it to a boot sector: interrupts off, segments 0, SS:SP = 0000:7C00.</summary>
    public static void Real16(VirtualCpu vcpu, uint entry, byte drive)
    {
        // Below 64 KiB CS is 0, as boot sectors expect; above, the segment holds all but the last four bits.
        ushort segment = entry < 0x1_0000 ? (ushort)0 : (ushort)(entry >> 4);
        uint offset = entry - ((uint)segment << 4);
        SegmentRegister data = SegmentRegister.RealMode(0);
        vcpu.SetSpecialRegisters(vcpu.GetSpecialRegisters() with
        {
            Cs = SegmentRegister.RealMode(segment),
            Ds = data,
            Es = data,
            Fs = data,
            Gs = data,
            Ss = data,
            Cr0 = ExtensionType,
        });
        vcpu.SetRegisters(new GeneralRegisters { Rip = offset, Rsp = StackTop, Rdx = drive, Rflags = FlagsReserved });
    }

    /// <summary>
    /// Protected mode as multiboot defines it: flat 4 GiB segments, paging off, interrupts off. The GDT is not valid: a guest that
    /// loads a segment register loads its own GDT first. Source: Multiboot Specification 0.6.96, "Machine state".
    /// </summary>
    public static void Protected32(VirtualCpu vcpu, uint entry, uint eax = 0, uint ebx = 0) =>
        Enter32(vcpu, FlatSegments.Multiboot, new GeneralRegisters { Rip = entry, Rsp = StackTop, Rax = eax, Rbx = ebx, Rflags = FlagsReserved });

    /// <summary>64-bit mode with the tables of <see cref="LongModeTables"/>, interrupts off. The GDT is valid; there is no IDT.</summary>
    public static void Long64(VirtualCpu vcpu, uint entry) =>
        Enter64(vcpu, FlatSegments.Flat64, new GeneralRegisters { Rip = entry, Rsp = StackTop, Rflags = FlagsReserved });

    /// <summary>As Linux is entered, in either mode: the boot parameters' address in RSI, everything else 0, a valid GDT, no IDT.</summary>
    public static void Linux(VirtualCpu vcpu, LoadedImage kernel)
    {
        var registers = new GeneralRegisters { Rip = kernel.Entry, Rsp = StackTop, Rsi = LinuxBootParameters.Address, Rflags = FlagsReserved };
        if (kernel.Mode == StartMode.Long64)
        {
            Enter64(vcpu, FlatSegments.Linux, registers);
        }
        else
        {
            Enter32(vcpu, FlatSegments.Linux, registers);
        }
    }

    private static void Enter32(VirtualCpu vcpu, FlatSegments segments, GeneralRegisters registers)
    {
        SegmentRegister data = SegmentRegister.FlatData32(segments.Data);
        vcpu.SetSpecialRegisters(vcpu.GetSpecialRegisters() with
        {
            Cs = SegmentRegister.FlatCode32(segments.Code),
            Ds = data,
            Es = data,
            Fs = data,
            Gs = data,
            Ss = data,
            Gdt = segments.Gdt ?? vcpu.GetSpecialRegisters().Gdt,
            Cr0 = ProtectionEnable | ExtensionType,
        });
        vcpu.SetRegisters(registers);
    }

    private static void Enter64(VirtualCpu vcpu, FlatSegments segments, GeneralRegisters registers)
    {
        SegmentRegister data = SegmentRegister.FlatData32(segments.Data);
        vcpu.SetSpecialRegisters(vcpu.GetSpecialRegisters() with
        {
            Cs = SegmentRegister.FlatCode64(segments.Code),
            Ds = data,
            Es = data,
            Fs = data,
            Gs = data,
            Ss = data,
            Gdt = segments.Gdt ?? default,
            Idt = default,
            Cr0 = Paging | ProtectionEnable | ExtensionType,
            Cr3 = LongModeTables.Root,
            Cr4 = PhysicalAddressExtension,
            Efer = LongModeEnable | LongModeActive,
        });
        vcpu.SetRegisters(registers);
    }

    /// <summary>The selectors of flat segments, and the GDT that holds them; null where a protocol promises none.</summary>
    private readonly record struct FlatSegments(ushort Code, ushort Data, DescriptorTable? Gdt)
    {
        public static FlatSegments Multiboot => new(0x08, 0x10, Gdt: null);

        public static FlatSegments Flat64 =>
            new(LongModeTables.CodeSelector, LongModeTables.DataSelector, new DescriptorTable(LongModeTables.Gdt, LongModeTables.GdtLimit));

        public static FlatSegments Linux =>
            new(LinuxBootParameters.CodeSelector, LinuxBootParameters.DataSelector, new DescriptorTable(LinuxBootParameters.Gdt, LinuxBootParameters.GdtLimit));
    }
}
