using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Operations.FloatingPoint;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>The legacy region that FXSAVE and XSAVE write, 512 bytes. Intel SDM Vol. 1, "Legacy Region of an XSAVE Area".</summary>
/// <remarks>
/// <code>
/// 0    FCW FSW FTW FOP   FIP FCS (or 64-bit FIP)
/// 16   FDP FDS (or 64-bit FDP)   MXCSR MXCSR_MASK
/// 32   ST0 to ST7, 10 bytes in 16 each
/// 160  XMM0 to XMM7, in 64-bit mode XMM15
/// 416  reserved; the last 48 bytes are software's
/// </code>
/// </remarks>
internal static unsafe class FxsaveImage
{
    /// <summary>The bytes before MXCSR.</summary>
    public const int PointersEnd = 24;

    public const int MxcsrOffset = 24;
    public const int StackOffset = 32;
    public const int VectorOffset = 160;
    public const int Size = 512;
    private const int Slot = 16;
    private const int StackSlots = 8;
    private const int TopShift = 11;
    private const int TopMask = 7;
    private const ushort ControlFixed = 1 << 6;
    private const ushort ControlDefined = 0x1F7F;

    /// <summary>Gives the end of the XMM registers.</summary>
    /// <param name="registers">8, or 16 in 64-bit mode.</param>
    /// <returns>The offset behind the last one.</returns>
    public static int VectorEnd(int registers) => VectorOffset + (registers * Slot);

    /// <summary>Writes the x87 part: all but MXCSR and the XMM registers.</summary>
    /// <param name="x87">The FPU.</param>
    /// <param name="image">The region.</param>
    /// <param name="wide">REX.W: pointers are 64 bits without selectors.</param>
    public static void SaveX87(in X87State x87, byte* image, bool wide)
    {
        *(ushort*)image = x87.ControlWord;
        *(ushort*)(image + 2) = x87.StatusWord;
        *(ushort*)(image + 4) = x87.NotEmpty;
        *(ushort*)(image + 6) = x87.Opcode;
        *(ulong*)(image + 8) = wide ? x87.InstructionPointer : (uint)x87.InstructionPointer | ((ulong)x87.InstructionSelector << 32);
        *(ulong*)(image + 16) = wide ? x87.DataPointer : (uint)x87.DataPointer | ((ulong)x87.DataSelector << 32);
        for (int i = 0; i < StackSlots; i++)
        {
            Float80 value = x87.Registers[Physical(x87.StatusWord, i)];
            *(ulong*)(image + StackOffset + (i * Slot)) = value.Significand;
            *(ulong*)(image + StackOffset + (i * Slot) + 8) = value.SignExponent;
        }
    }

    /// <summary>Reads the x87 part. The exception summary, which follows from flags and masks, is left to the caller.</summary>
    /// <param name="x87">The FPU.</param>
    /// <param name="image">The region.</param>
    /// <param name="wide">REX.W.</param>
    public static void RestoreX87(ref X87State x87, byte* image, bool wide)
    {
        x87.ControlWord = (ushort)((*(ushort*)image & ControlDefined) | ControlFixed);
        x87.StatusWord = *(ushort*)(image + 2);
        x87.NotEmpty = image[4];
        x87.Opcode = (ushort)(*(ushort*)(image + 6) & 0x7FF);
        x87.InstructionPointer = wide ? *(ulong*)(image + 8) : *(uint*)(image + 8);
        x87.DataPointer = wide ? *(ulong*)(image + 16) : *(uint*)(image + 16);
        x87.InstructionSelector = wide ? (ushort)0 : *(ushort*)(image + 12);
        x87.DataSelector = wide ? (ushort)0 : *(ushort*)(image + 20);
        for (int i = 0; i < StackSlots; i++)
        {
            x87.Registers[Physical(x87.StatusWord, i)] = new Float80
            {
                Significand = *(ulong*)(image + StackOffset + (i * Slot)),
                SignExponent = *(ushort*)(image + StackOffset + (i * Slot) + 8),
            };
        }
    }

    public static void SaveMxcsr(in VectorState vector, byte* image)
    {
        *(uint*)(image + MxcsrOffset) = vector.Mxcsr;
        *(uint*)(image + MxcsrOffset + 4) = Mxcsr.Defined;
    }

    public static void SaveVectors(in VectorState vector, byte* image, int registers)
    {
        for (int i = 0; i < registers; i++)
        {
            *(Vector128<byte>*)(image + VectorOffset + (i * Slot)) = vector.Registers[i];
        }
    }

    public static void RestoreVectors(ref VectorState vector, byte* image, int registers)
    {
        for (int i = 0; i < registers; i++)
        {
            vector.Registers[i] = *(Vector128<byte>*)(image + VectorOffset + (i * Slot));
        }
    }

    private static int Physical(ushort status, int index) => ((status >> TopShift) + index) & TopMask;
}
