using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>One operand as written, before an encoding is chosen.</summary>
/// <param name="Text">The operand as written, for messages.</param>
internal abstract record AsmOperand(string Text);

/// <summary>A register.</summary>
internal sealed record RegisterOperand(string Text, Register Register) : AsmOperand(Text);

/// <summary>A number, or an address that a label stands for.</summary>
/// <param name="Text">The operand as written.</param>
/// <param name="Value">The value in this pass.</param>
/// <param name="Size">The size in bytes that was written before it (push word 5); 0 for none.</param>
internal sealed record ImmediateOperand(string Text, long Value, int Size) : AsmOperand(Text);

/// <summary>A far pointer, such as 8:7C00h.</summary>
internal sealed record FarOperand(string Text, long Segment, long Offset, int Size) : AsmOperand(Text);

/// <summary>A memory operand, such as byte [es:bx+si+4].</summary>
internal sealed record MemoryOperand(string Text) : AsmOperand(Text)
{
    /// <summary>The size in bytes that was written before it; 0 for none.</summary>
    public int Size { get; init; }

    public bool IsFar { get; init; }

    public Register Segment { get; init; }

    public Register Base { get; init; }

    public Register Index { get; init; }

    public int Scale { get; init; } = 1;

    public long Displacement { get; init; }
}
