namespace KvmSharp.Machines.Gdb;

/// <summary>The x87 FPU and the XMM registers.</summary>
internal static class FloatingPointDefinitions
{
    private const int PhysicalCount = FpuRegisters.Count;
    private const int TopShift = 11;

    // Tags of FSTENV. Intel SDM Vol. 1, "x87 FPU Tag Word".
    private const int Valid = 0;
    private const int Zero = 1;
    private const int Special = 2;
    private const int Empty = 3;

    /// <summary>ST(0) to ST(7), and the control registers by gdb's names.</summary>
    public static IEnumerable<RegisterDefinition> X87()
    {
        for (int i = 0; i < FpuRegisters.Count; i++)
        {
            int number = i;
            yield return new RegisterDefinition($"st{i}", 80, "i387_ext", from => from.Fpu.Fpr[number], (to, value) =>
            {
                FpuRegisters registers = to.Fpu.Fpr;
                registers[number] = value;
                to.Fpu = to.Fpu with { Fpr = registers };
            });
        }

        yield return Control("fctrl", static f => f.Fcw, static (f, v) => f with { Fcw = (ushort)v });
        yield return Control("fstat", static f => f.Fsw, static (f, v) => f with { Fsw = (ushort)v });
        yield return Control("ftag", static f => TagWord(f), static (f, v) => f with { Ftwx = Abridge(v) });
        yield return Control("fiseg", static f => (uint)(f.LastIp >> 32), static (f, v) => f with { LastIp = (uint)f.LastIp | ((ulong)v << 32) });
        yield return Control("fioff", static f => (uint)f.LastIp, static (f, v) => f with { LastIp = (f.LastIp >> 32 << 32) | v });
        yield return Control("foseg", static f => (uint)(f.LastDp >> 32), static (f, v) => f with { LastDp = (uint)f.LastDp | ((ulong)v << 32) });
        yield return Control("fooff", static f => (uint)f.LastDp, static (f, v) => f with { LastDp = (f.LastDp >> 32 << 32) | v });
        yield return Control("fop", static f => f.LastOpcode, static (f, v) => f with { LastOpcode = (ushort)v });
    }

    /// <summary>XMM registers and MXCSR.</summary>
    /// <param name="count">How many the mode has: 8 or 16.</param>
    public static IEnumerable<RegisterDefinition> Sse(int count)
    {
        for (int i = 0; i < count; i++)
        {
            int number = i;
            yield return new RegisterDefinition($"xmm{i}", 128, "vec128", from => from.Fpu.Xmm[number], (to, value) =>
            {
                XmmRegisters registers = to.Fpu.Xmm;
                registers[number] = value;
                to.Fpu = to.Fpu with { Xmm = registers };
            });
        }

        yield return new RegisterDefinition(
            "mxcsr", 32, "i386_mxcsr", static from => from.Fpu.Mxcsr, static (to, value) => to.Fpu = to.Fpu with { Mxcsr = (uint)value })
        {
            Group = "vector",
        };
    }

    private static RegisterDefinition Control(string name, Func<FpuState, uint> get, Func<FpuState, uint, FpuState> with) =>
        new(name, 32, "int", from => get(from.Fpu), (to, value) => to.Fpu = with(to.Fpu, (uint)value)) { Group = "float" };

    // Two bits for each physical register, which FXSAVE's single bit is derived from; the stack's top says which ST it is.
    private static uint TagWord(in FpuState fpu)
    {
        int top = fpu.Fsw >> TopShift;
        uint tags = 0;
        for (int physical = 0; physical < PhysicalCount; physical++)
        {
            UInt128 value = fpu.Fpr[(physical - top) & (PhysicalCount - 1)];
            int tag = (fpu.Ftwx & (1 << physical)) == 0 ? Empty : Classify((ulong)value, (ushort)(value >> 64));
            tags |= (uint)tag << (2 * physical);
        }

        return tags;
    }

    private static int Classify(ulong significand, ushort signAndExponent)
    {
        const ushort ExponentMask = 0x7FFF;
        int exponent = signAndExponent & ExponentMask;
        return exponent == 0 && significand == 0 ? Zero
            : exponent is not 0 and not ExponentMask && significand >> 63 != 0 ? Valid
            : Special;
    }

    private static byte Abridge(uint tags)
    {
        byte abridged = 0;
        for (int physical = 0; physical < PhysicalCount; physical++)
        {
            abridged |= (byte)(((tags >> (2 * physical)) & Empty) == Empty ? 0 : 1 << physical);
        }

        return abridged;
    }
}
