namespace KvmSharp.Machines.Gdb;

/// <summary>The registers of a processor that stands still: read once, changed in any number, written back where they changed.</summary>
/// <param name="vcpu">The processor.</param>
internal sealed class RegisterSnapshot(VirtualCpu vcpu)
{
    private const uint KernelGsBaseMsr = 0xC000_0102;

    private readonly GeneralRegisters _oldGeneral = vcpu.GetRegisters();
    private readonly SpecialRegisters _oldSpecial = vcpu.GetSpecialRegisters();
    private readonly FpuState _oldFpu = vcpu.GetFpuState();

    public GeneralRegisters General { get; set; } = vcpu.GetRegisters();

    public SpecialRegisters Special { get; set; } = vcpu.GetSpecialRegisters();

    public FpuState Fpu { get; set; } = vcpu.GetFpuState();

    /// <summary>Gets or sets what SWAPGS exchanges; 0 in a processor without long mode.</summary>
    public ulong KernelGsBase
    {
        get => vcpu.Cpuid.Find(0x8000_0001, 0).Edx >> 29 == 0 ? 0 : vcpu.GetMsr(KernelGsBaseMsr);
        set
        {
            if (value != KernelGsBase)
            {
                vcpu.SetMsr(KernelGsBaseMsr, value);
            }
        }
    }

    /// <summary>Gives the processor what was changed.</summary>
    /// <exception cref="KvmException">It does not take a value.</exception>
    public void Commit()
    {
        if (Special != _oldSpecial)
        {
            vcpu.SetSpecialRegisters(Special);
        }

        if (General != _oldGeneral)
        {
            vcpu.SetRegisters(General);
        }

        if (Fpu != _oldFpu)
        {
            vcpu.SetFpuState(Fpu);
        }
    }
}
