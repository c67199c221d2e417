using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Cpu;

/// <summary>The x87 FPU: control, status and tag words, pointers, and eight 80-bit registers, whose significands are the MMX registers.</summary>
/// <remarks>Intel SDM Vol. 1, "x87 FPU Execution Environment". Registers are held by physical number; ST(i) is register (TOP + i) modulo 8.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct X87State
{
    public X87RegisterFile Registers;

    /// <summary>FIP: the offset of the last non-control instruction.</summary>
    public ulong InstructionPointer;

    /// <summary>FDP: the offset of its memory operand.</summary>
    public ulong DataPointer;

    public ushort ControlWord;

    /// <summary>The status word; TOP is bits 13 to 11.</summary>
    public ushort StatusWord;

    /// <summary>FOP: the low 11 bits of its opcode.</summary>
    public ushort Opcode;

    public ushort InstructionSelector;
    public ushort DataSelector;

    /// <summary>The abridged tag word of FXSAVE: bit i is 1 when physical register i is not empty.</summary>
    public byte NotEmpty;

    /// <summary>Gets TOP, the physical number of ST(0).</summary>
    public readonly int Top
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (StatusWord >> X87Status.TopShift) & 7;
    }

    /// <summary>Gives the physical number of a register.</summary>
    /// <param name="st">Its number in the stack; -1 is the one that a push will use.</param>
    /// <returns>0 to 7.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int NumberOf(int st) => (Top + st) & 7;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsEmpty(int st) => ((NotEmpty >> NumberOf(st)) & 1) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Float80 Get(int st) => Registers[NumberOf(st)];

    /// <summary>Fills a register, which is not empty then.</summary>
    /// <param name="st">Its number in the stack.</param>
    /// <param name="value">The value.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int st, Float80 value)
    {
        int number = NumberOf(st);
        Registers[number] = value;
        NotEmpty |= (byte)(1 << number);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(Float80 value)
    {
        MoveTop(-1);
        Set(0, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Pop()
    {
        Free(0);
        MoveTop(1);
    }

    /// <summary>Makes a register empty; its contents stay.</summary>
    /// <param name="st">Its number in the stack.</param>
    public void Free(int st) => NotEmpty &= (byte)~(1 << NumberOf(st));

    /// <summary>Turns the stack without touching tags.</summary>
    /// <param name="distance">1 or -1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MoveTop(int distance) =>
        StatusWord = (ushort)((StatusWord & ~X87Status.TopMask) | (NumberOf(distance) << X87Status.TopShift));

    /// <summary>FNINIT: registers keep their contents, but are empty.</summary>
    public void Initialize()
    {
        ControlWord = X87Control.Initial;
        StatusWord = 0;
        NotEmpty = 0;
        InstructionPointer = 0;
        DataPointer = 0;
        Opcode = 0;
        InstructionSelector = 0;
        DataSelector = 0;
    }

    /// <summary>Derives ES and B from the exceptions and their masks, after either was loaded.</summary>
    public void UpdateSummary()
    {
        StatusWord &= unchecked((ushort)~(X87Status.ErrorSummary | X87Status.Busy));
        if ((StatusWord & ~ControlWord & X87Status.Exceptions) != 0)
        {
            StatusWord |= X87Status.ErrorSummary | X87Status.Busy;
        }
    }
}

/// <summary>The eight physical registers of the x87 FPU.</summary>
[InlineArray(8)]
internal struct X87RegisterFile
{
    private Float80 _first;
}
