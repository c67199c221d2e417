using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>XCHG: memory takes the register's value, then the register takes what was in memory.</summary>
internal readonly unsafe struct XchgStep<T>(ushort register) : IAtomicStep<T>
    where T : unmanaged
{
    public T Apply(CpuContext* cpu, T old, ref ArithmeticFlags flags) => cpu->Read<T>(register);

    public void Commit(CpuContext* cpu, T old) => cpu->Write(register, old);
}

/// <summary>XADD: memory takes the sum, the register what was in memory.</summary>
internal readonly unsafe struct XaddStep<T>(ushort register) : IAtomicStep<T>
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
{
    public T Apply(CpuContext* cpu, T old, ref ArithmeticFlags flags)
    {
        T source = cpu->Read<T>(register);
        return Xadd.Apply(old, ref source, ref flags);
    }

    public void Commit(CpuContext* cpu, T old) => cpu->Write(register, old);
}

/// <summary>CMPXCHG: without a match memory is written back unchanged, and the accumulator takes its value.</summary>
internal readonly unsafe struct CmpxchgStep<T>(ushort register) : IAtomicStep<T>
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
{
    public T Apply(CpuContext* cpu, T old, ref ArithmeticFlags flags) =>
        Cmpxchg.Matches(WideAccumulator.Low<T>(cpu), old, ref flags) ? cpu->Read<T>(register) : old;

    public void Commit(CpuContext* cpu, T old)
    {
        if (WideAccumulator.Low<T>(cpu) != old)
        {
            cpu->Write(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax), old);
        }
    }
}

/// <summary>CMPXCHG8B: EDX:EAX is compared, ECX:EBX is stored.</summary>
internal readonly unsafe struct Cmpxchg8bStep : IAtomicStep<ulong>
{
    private const int HalfBits = 32;

    public ulong Apply(CpuContext* cpu, ulong old, ref ArithmeticFlags flags) => Cmpxchg8b.Matches(Accumulator(cpu), old, ref flags)
        ? Pair(cpu, GeneralRegisterFile.Rcx, GeneralRegisterFile.Rbx)
        : old;

    public void Commit(CpuContext* cpu, ulong old)
    {
        if (Accumulator(cpu) != old)
        {
            WideAccumulator.Write(cpu, (uint)(old >> HalfBits), (uint)old);
        }
    }

    private static ulong Accumulator(CpuContext* cpu) => Pair(cpu, GeneralRegisterFile.Rdx, GeneralRegisterFile.Rax);

    private static ulong Pair(CpuContext* cpu, int high, int low) =>
        (cpu->State.General[high] << HalfBits) | (uint)cpu->State.General[low];
}

/// <summary>CMPXCHG16B: RDX:RAX is compared, RCX:RBX is stored.</summary>
internal readonly unsafe struct Cmpxchg16bStep : IAtomicStep<UInt128>
{
    public UInt128 Apply(CpuContext* cpu, UInt128 old, ref ArithmeticFlags flags) => Cmpxchg8b.Matches(Accumulator(cpu), old, ref flags)
        ? Pair(cpu, GeneralRegisterFile.Rcx, GeneralRegisterFile.Rbx)
        : old;

    public void Commit(CpuContext* cpu, UInt128 old)
    {
        if (Accumulator(cpu) != old)
        {
            WideAccumulator.Write(cpu, (ulong)(old >> 64), (ulong)old);
        }
    }

    private static UInt128 Accumulator(CpuContext* cpu) => Pair(cpu, GeneralRegisterFile.Rdx, GeneralRegisterFile.Rax);

    private static UInt128 Pair(CpuContext* cpu, int high, int low) => new(cpu->State.General[high], cpu->State.General[low]);
}
