using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Cpu;

/// <summary>XMM0 to XMM15 and MXCSR. Intel SDM Vol. 1, "SSE Programming Environment".</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VectorState
{
    public VectorRegisterFile Registers;
    public uint Mxcsr;

    /// <summary>XCR0: what XSAVE manages.</summary>
    public ulong Xcr0;
}

/// <summary>The sixteen XMM registers.</summary>
[InlineArray(16)]
internal struct VectorRegisterFile
{
    private Vector128<byte> _first;
}
