using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Cpu;

/// <summary>Between the embedder's <see cref="FpuState"/> and the state.</summary>
internal static class FpuAccess
{
    private const ushort OpcodeMask = 0x7FF;
    private const uint MxcsrMask = 0xFFFF;

    public static FpuState Get(in CpuState state)
    {
        ref readonly X87State x87 = ref state.X87;
        var registers = default(FpuRegisters);
        for (int i = 0; i < FpuRegisters.Count; i++)
        {
            Float80 value = x87.Get(i);
            registers[i] = new UInt128(value.SignExponent, value.Significand);
        }

        var vectors = default(XmmRegisters);
        for (int i = 0; i < XmmRegisters.Count; i++)
        {
            vectors[i] = Unsafe.BitCast<Vector128<byte>, UInt128>(state.Vector.Registers[i]);
        }

        return new FpuState
        {
            Fpr = registers,
            Fcw = x87.ControlWord,
            Fsw = x87.StatusWord,
            Ftwx = x87.NotEmpty,
            LastOpcode = x87.Opcode,
            LastIp = x87.InstructionPointer,
            LastDp = x87.DataPointer,
            Xmm = vectors,
            Mxcsr = state.Vector.Mxcsr,
        };
    }

    public static void Set(ref CpuState state, in FpuState fpu)
    {
        ref X87State x87 = ref state.X87;
        x87.ControlWord = (ushort)((fpu.Fcw & X87Control.Writable) | X87Control.AlwaysOne);
        x87.StatusWord = fpu.Fsw;
        x87.NotEmpty = fpu.Ftwx;
        x87.Opcode = (ushort)(fpu.LastOpcode & OpcodeMask);
        x87.InstructionPointer = fpu.LastIp;
        x87.DataPointer = fpu.LastDp;
        x87.UpdateSummary();
        FpuRegisters registers = fpu.Fpr;
        for (int i = 0; i < FpuRegisters.Count; i++)
        {
            UInt128 value = registers[i];
            x87.Registers[x87.NumberOf(i)] = new Float80((ushort)(value >> 64), (ulong)value);
        }

        XmmRegisters vectors = fpu.Xmm;
        for (int i = 0; i < XmmRegisters.Count; i++)
        {
            state.Vector.Registers[i] = Unsafe.BitCast<UInt128, Vector128<byte>>(vectors[i]);
        }

        state.Vector.Mxcsr = fpu.Mxcsr & MxcsrMask;
    }
}
