using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Cpu;

/// <summary>Between the embedder's XSAVE image and the state. Whatever mode the guest is in: 64-bit pointers, sixteen registers.</summary>
internal static unsafe class XsaveAccess
{
    private const int AllVectors = 16;

    public static void Get(in CpuState state, Span<byte> image)
    {
        image.Clear();
        fixed (byte* area = image)
        {
            FxsaveImage.SaveX87(state.X87, area, wide: true);
            FxsaveImage.SaveMxcsr(state.Vector, area);
            FxsaveImage.SaveVectors(state.Vector, area, AllVectors);
            *(ulong*)(area + XsaveArea.HeaderOffset) = XsaveArea.Offered;
        }
    }

    /// <summary>Takes an image, all of it or nothing.</summary>
    /// <param name="state">The state.</param>
    /// <param name="image">The image.</param>
    /// <returns>Whether header and MXCSR are valid.</returns>
    public static bool TrySet(ref CpuState state, ReadOnlySpan<byte> image)
    {
        fixed (byte* area = image)
        {
            uint mxcsr = *(uint*)(area + FxsaveImage.MxcsrOffset);
            if (!XsaveArea.IsHeaderValid(area + XsaveArea.HeaderOffset, XsaveArea.Offered) || (mxcsr & ~Mxcsr.Defined) != 0)
            {
                return false;
            }

            XsaveArea.RestoreX87(ref state.X87, area, wide: true);
            state.X87.UpdateSummary();
            state.Vector.Mxcsr = mxcsr;
            XsaveArea.RestoreVectors(ref state.Vector, area, AllVectors);
            return true;
        }
    }
}
