using System.Runtime.CompilerServices;
using KvmSharp.Cpu;

namespace KvmSharp.Instructions.Shapes;

/// <summary>The accumulator of twice the operand's width: AH:AL for bytes, else DX:AX, EDX:EAX, RDX:RAX.</summary>
internal static unsafe class WideAccumulator
{
    private const int Accumulator = GeneralRegisterFile.Rax;
    private const int Extension = GeneralRegisterFile.Rdx;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Low<T>(CpuContext* cpu)
        where T : unmanaged => cpu->Read<T>(CpuContext.OffsetOfGeneral(Accumulator));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T High<T>(CpuContext* cpu)
        where T : unmanaged => cpu->Read<T>(OffsetOfHigh<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(CpuContext* cpu, T high, T low)
        where T : unmanaged
    {
        cpu->Write(OffsetOfHigh<T>(), high);
        cpu->Write(CpuContext.OffsetOfGeneral(Accumulator), low);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort OffsetOfHigh<T>()
        where T : unmanaged => sizeof(T) == sizeof(byte)
            ? (ushort)(CpuContext.OffsetOfGeneral(Accumulator) + 1)
            : CpuContext.OffsetOfGeneral(Extension);
}
