using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>What holds for one instruction only: RF and the interrupt shadows. An instruction that has not happened gets them back.</summary>
/// <param name="Resume">RF, as a bit of RFLAGS.</param>
/// <param name="Sti">The shadow of STI.</param>
/// <param name="MovSs">The shadow of MOV SS and POP SS.</param>
internal readonly unsafe record struct OneShot(ulong Resume, byte Sti, byte MovSs)
{
    public void Restore(CpuContext* cpu)
    {
        cpu->State.Rflags |= Resume;
        cpu->State.Events.StiShadow = Sti;
        cpu->State.Events.MovSsShadow = MovSs;
    }
}
