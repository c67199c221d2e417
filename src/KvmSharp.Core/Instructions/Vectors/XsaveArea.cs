using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>The standard form of an XSAVE area for x87 and SSE: the legacy region, then the header. Intel SDM Vol. 1, "XSAVE Area".</summary>
/// <remarks>
/// <code>
/// 0    legacy region, see <see cref="FxsaveImage"/>
/// 512  XSTATE_BV: the components that the area holds; the others are in their initial state
/// 520  XCOMP_BV: 0, as there is no compaction
/// 528  48 bytes reserved, the first 8 must be 0
/// </code>
/// </remarks>
internal static unsafe class XsaveArea
{
    /// <summary>The component x87, in XCR0 and XSTATE_BV.</summary>
    public const ulong X87 = 1 << 0;

    /// <summary>The component SSE: XMM registers. MXCSR goes with it.</summary>
    public const ulong Sse = 1 << 1;

    /// <summary>All components there are.</summary>
    public const ulong Offered = X87 | Sse;

    public const int HeaderOffset = FxsaveImage.Size;
    public const int Size = FxsaveImage.Size + HeaderSize;
    private const int HeaderSize = 64;

    /// <summary>Tells whether XCR0 takes a value: x87 is always managed.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsValidControl(ulong value) => (value & X87) != 0 && (value & ~Offered) == 0;

    /// <summary>Tells whether XRSTOR takes a header.</summary>
    /// <param name="header">Its first byte.</param>
    /// <param name="enabled">The components that XSTATE_BV may name.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsHeaderValid(byte* header, ulong enabled) =>
        (*(ulong*)header & ~enabled) == 0 && *(ulong*)(header + 8) == 0 && *(ulong*)(header + 16) == 0;

    /// <summary>Reads the x87 component, or its initial state. The exception summary is left to the caller.</summary>
    /// <param name="x87">The FPU.</param>
    /// <param name="area">The area.</param>
    /// <param name="wide">Whether pointers are 64 bits without selectors.</param>
    public static void RestoreX87(ref X87State x87, byte* area, bool wide)
    {
        if ((Components(area) & X87) != 0)
        {
            FxsaveImage.RestoreX87(ref x87, area, wide);
        }
        else
        {
            x87 = new X87State { ControlWord = X87Control.Initial };
        }
    }

    /// <summary>Reads the XMM registers, or makes them 0.</summary>
    /// <param name="vector">The registers.</param>
    /// <param name="area">The area.</param>
    /// <param name="registers">8, or 16 in 64-bit mode.</param>
    public static void RestoreVectors(ref VectorState vector, byte* area, int registers)
    {
        if ((Components(area) & Sse) != 0)
        {
            FxsaveImage.RestoreVectors(ref vector, area, registers);
            return;
        }

        for (int i = 0; i < registers; i++)
        {
            vector.Registers[i] = Vector128<byte>.Zero;
        }
    }

    private static ulong Components(byte* area) => *(ulong*)(area + HeaderOffset);
}
