using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KvmSharp.Conformance.Records;
using KvmSharp.Cpu;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Conformance.Replay;

/// <summary>Carries the FPU state between a record and the vCPU, whose registers are held by physical number.</summary>
internal static unsafe class FpuTransfer
{
    private const int SignificandBits = 64;

    public static void Set(VirtualCpu cpu, FpuImage image)
    {
        ref CpuState state = ref cpu.Engine.Cpu->State;
        state.X87.ControlWord = image.ControlWord;
        state.X87.StatusWord = image.StatusWord;
        state.X87.NotEmpty = image.NotEmpty;
        state.X87.UpdateSummary(); // as FXRSTOR does: ES and B are not part of a record
        for (int i = 0; i < image.Stack.Length; i++)
        {
            state.X87.Registers[(image.Top + i) & 7] = new Float80
            {
                Significand = (ulong)image.Stack[i],
                SignExponent = (ushort)(image.Stack[i] >> SignificandBits),
            };
        }

        state.Vector.Mxcsr = image.Mxcsr;
        for (int i = 0; i < image.Xmm.Length; i++)
        {
            state.Vector.Registers[i] = Unsafe.BitCast<UInt128, Vector128<byte>>(image.Xmm[i]);
        }
    }

    public static void Get(VirtualCpu cpu, FpuImage image)
    {
        ref CpuState state = ref cpu.Engine.Cpu->State;
        image.ControlWord = state.X87.ControlWord;
        image.StatusWord = state.X87.StatusWord;
        image.NotEmpty = state.X87.NotEmpty;
        for (int i = 0; i < image.Stack.Length; i++)
        {
            Float80 register = state.X87.Registers[(image.Top + i) & 7];
            image.Stack[i] = ((UInt128)register.SignExponent << SignificandBits) | register.Significand;
        }

        image.Mxcsr = state.Vector.Mxcsr;
        for (int i = 0; i < image.Xmm.Length; i++)
        {
            image.Xmm[i] = Unsafe.BitCast<Vector128<byte>, UInt128>(state.Vector.Registers[i]);
        }
    }
}
