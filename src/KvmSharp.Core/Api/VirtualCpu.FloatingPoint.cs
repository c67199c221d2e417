using KvmSharp.Cpu;
using KvmSharp.Cpuid;
using KvmSharp.Instructions.Vectors;

namespace KvmSharp;

/// <summary>The x87 and vector state that the embedder reads and sets: as registers, and as the image that XSAVE writes.</summary>
public sealed unsafe partial class VirtualCpu
{
    /// <summary>The bytes of an XSAVE image: the legacy region of 512 and the header of 64.</summary>
    public const int XsaveImageSize = XsaveArea.Size;

    /// <summary>Gets the x87 FPU and the XMM registers. KVM_GET_FPU.</summary>
    /// <returns>The state.</returns>
    public FpuState GetFpuState() => FpuAccess.Get(State);

    /// <summary>Sets the x87 FPU and the XMM registers. KVM_SET_FPU.</summary>
    /// <param name="state">The state; reserved bits are put right.</param>
    /// <exception cref="KvmException">An exit is pending, or the vCPU runs (EBUSY).</exception>
    public void SetFpuState(in FpuState state)
    {
        RequireSettled();
        FpuAccess.Set(ref State, state);
    }

    /// <summary>Gets x87, MXCSR and all sixteen XMM registers as XSAVE64 would write them. KVM_GET_XSAVE.</summary>
    /// <param name="image">Takes <see cref="XsaveImageSize"/> bytes, in the standard form; XSTATE_BV names both components.</param>
    /// <exception cref="KvmException">The image has another size (EINVAL).</exception>
    public void GetXsave(Span<byte> image)
    {
        RequireImage(image.Length);
        XsaveAccess.Get(State, image);
    }

    /// <summary>Sets x87, MXCSR and all sixteen XMM registers as XRSTOR64 would. KVM_SET_XSAVE.</summary>
    /// <param name="image"><see cref="XsaveImageSize"/> bytes in the standard form. A component that XSTATE_BV does not name takes its initial state; MXCSR is always loaded.</param>
    /// <exception cref="KvmException">The image has another size, its header names other components or the compacted form, or MXCSR has a reserved bit (EINVAL); an exit is pending, or the vCPU runs (EBUSY).</exception>
    public void SetXsave(ReadOnlySpan<byte> image)
    {
        RequireSettled();
        RequireImage(image.Length);
        if (!XsaveAccess.TrySet(ref State, image))
        {
            throw KvmException.Invalid("the XSAVE image has a header or an MXCSR that the processor does not take");
        }
    }

    /// <summary>Gets or sets XCR0, which tells the state components that XSAVE manages. KVM_GET_XCRS, KVM_SET_XCRS.</summary>
    /// <exception cref="KvmException">Bit 0 (x87) is clear, a component does not exist or CPUID does not offer XSAVE (EINVAL); an exit is pending, or the vCPU runs (EBUSY).</exception>
    public ulong Xcr0
    {
        get => State.Vector.Xcr0;
        set
        {
            RequireSettled();
            bool hasXsave = _engine.Features.Offers(CpuFeature.Xsave);
            if (!XsaveArea.IsValidControl(value) || (value != XsaveArea.X87 && !hasXsave))
            {
                throw KvmException.Invalid($"XCR0 does not take {value:X}h");
            }

            State.Vector.Xcr0 = value;
        }
    }

    private static void RequireImage(int length)
    {
        if (length != XsaveImageSize)
        {
            throw KvmException.Invalid($"an XSAVE image has {XsaveImageSize} bytes, not {length}");
        }
    }
}
