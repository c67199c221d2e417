using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Iced.Intel;

namespace KvmSharp.Engine;

/// <summary>What is kept about a block whose bytes keep changing, so that a change need not build it anew: its instructions, and where their immediates lie.</summary>
internal sealed unsafe class ChangingBlock
{
    private const int MostVariants = 4; // of each instruction

    private readonly Instruction[] _instructions;
    private readonly ImmediatePlace[] _immediates;
    private readonly List<Variant>?[] _variants;

    /// <summary>Keeps a block that has just been built.</summary>
    /// <param name="block">The block.</param>
    /// <param name="instructions">Its instructions.</param>
    /// <param name="bytes">Its bytes.</param>
    public ChangingBlock(Block* block, ReadOnlySpan<Instruction> instructions, byte* bytes)
    {
        _instructions = instructions.ToArray();
        _immediates = new ImmediatePlace[instructions.Length];
        _variants = new List<Variant>?[instructions.Length];
        for (int i = 0; i < instructions.Length; i++)
        {
            _immediates[i] = ImmediatePlace.Of(instructions[i], OpAt(block, i), bytes);
        }
    }

    /// <summary>Gets the first instruction whose bytes have changed since it was decoded.</summary>
    public int FirstChanged { get; private set; } = int.MaxValue;

    /// <summary>Gets the last one.</summary>
    public int LastChanged { get; private set; } = -1;

    /// <summary>Gets or sets what the head does when nothing has changed.</summary>
    public nint HeadHandler { get; set; }

    /// <summary>Gets an instruction's micro-op.</summary>
    /// <param name="block">The block.</param>
    /// <param name="index">The instruction's number.</param>
    public static MicroOp* OpAt(Block* block, int index) => Block.HeadOf(block) + 1 + index;

    /// <summary>Gets an instruction as it was decoded last.</summary>
    /// <param name="index">Its number.</param>
    public ref readonly Instruction InstructionAt(int index) => ref _instructions[index];

    /// <summary>Takes a change of nothing but an immediate operand into the micro-op.</summary>
    /// <param name="block">The block.</param>
    /// <param name="bytes">Its bytes, as they are now.</param>
    /// <param name="from">The first byte written, from the block's start; may lie before it.</param>
    /// <param name="to">The byte behind the last one.</param>
    /// <returns>Whether it was that.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryPatch(Block* block, byte* bytes, int from, int to)
    {
        ImmediatePlace[] immediates = _immediates;
        for (int i = 0; i < immediates.Length; i++)
        {
            ref ImmediatePlace place = ref immediates[i];
            if (from >= place.Offset && to <= place.Offset + place.Size)
            {
                if (i >= FirstChanged && i <= LastChanged)
                {
                    return true; // it will be decoded anyway
                }

                OpAt(block, i)->Immediate = place.Read(bytes);
                return true;
            }
        }

        return false;
    }

    /// <summary>Notes which instructions a write has touched.</summary>
    /// <param name="block">The block.</param>
    /// <param name="from">The first byte written, from the block's start.</param>
    /// <param name="to">The byte behind the last one.</param>
    /// <returns>The number of the last one.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int NoteChange(Block* block, int from, int to)
    {
        int last = -1;
        for (int i = 0; i < _instructions.Length; i++)
        {
            MicroOp* op = OpAt(block, i);
            if (op->Offset < to && from < (int)op->EndOffset)
            {
                FirstChanged = Math.Min(FirstChanged, i);
                last = i;
            }
        }

        LastChanged = Math.Max(LastChanged, last);
        return last;
    }

    /// <summary>Gives an instruction the micro-op that it had when the same bytes were there before, but for an immediate operand.</summary>
    /// <param name="block">The block.</param>
    /// <param name="index">The instruction's number.</param>
    /// <param name="bytes">The block's bytes.</param>
    /// <returns>Whether they were.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryRecall(Block* block, int index, byte* bytes)
    {
        if (_variants[index] is not { } variants)
        {
            return false;
        }

        MicroOp* op = OpAt(block, index);
        foreach (ref readonly Variant variant in CollectionsMarshal.AsSpan(variants))
        {
            if (Variant.KeyOf(op, variant.Immediate, bytes) == variant.Key)
            {
                *op = variant.Op;
                if (variant.Immediate.Size != 0)
                {
                    op->Immediate = variant.Immediate.Read(bytes);
                }

                _instructions[index] = variant.Instruction;
                _immediates[index] = variant.Immediate;
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes an instruction that was decoded again.</summary>
    /// <param name="block">The block, its micro-op lowered again.</param>
    /// <param name="index">Its number.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="bytes">The block's bytes.</param>
    public void Replace(Block* block, int index, in Instruction instruction, byte* bytes)
    {
        MicroOp* op = OpAt(block, index);
        _instructions[index] = instruction;
        _immediates[index] = ImmediatePlace.Of(instruction, op, bytes);
        if (Variant.KeyOf(op, _immediates[index], bytes) is { } key)
        {
            List<Variant> variants = _variants[index] ??= new(MostVariants);
            if (variants.Count == MostVariants)
            {
                variants.RemoveAt(0);
            }

            variants.Add(new Variant { Key = key, Op = *op, Instruction = instruction, Immediate = _immediates[index] });
        }
    }

    /// <summary>Notes that the micro-ops are what the bytes say.</summary>
    public void NoteWhole()
    {
        FirstChanged = int.MaxValue;
        LastChanged = -1;
    }

    /// <summary>What an instruction was before, by its bytes without the immediate.</summary>
    private struct Variant
    {
        public ulong Key;
        public MicroOp Op;
        public Instruction Instruction;
        public ImmediatePlace Immediate;

        // Null when there are too many bytes.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong? KeyOf(MicroOp* op, ImmediatePlace immediate, byte* bytes)
        {
            int length = op->Length - immediate.Size;
            if (length > sizeof(ulong))
            {
                return null;
            }

            ulong key = 0;
            for (int i = 0; i < length; i++)
            {
                key |= (ulong)bytes[op->Offset + i] << (8 * i);
            }

            return key;
        }
    }

    /// <summary>The bytes of an immediate operand that its micro-op holds as it is.</summary>
    private readonly record struct ImmediatePlace(int Offset, int Size, bool IsSigned)
    {
        // Only where the handler does not depend on the value; the immediate is then the instruction's last bytes.
        public static ImmediatePlace Of(in Instruction instruction, MicroOp* op, byte* bytes)
        {
            if (instruction.Mnemonic is not (Mnemonic.Add or Mnemonic.Or or Mnemonic.Adc or Mnemonic.Sbb or Mnemonic.And or Mnemonic.Sub
                or Mnemonic.Xor or Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Mov) || instruction.OpCount != 2)
            {
                return default;
            }

            (int size, bool signed) = instruction.Op1Kind switch
            {
                OpKind.Immediate8 => (1, false),
                OpKind.Immediate8to16 or OpKind.Immediate8to32 or OpKind.Immediate8to64 => (1, true),
                OpKind.Immediate16 => (2, false),
                OpKind.Immediate32 => (4, false),
                OpKind.Immediate32to64 => (4, true),
                OpKind.Immediate64 => (8, false),
                _ => (0, false),
            };
            var place = new ImmediatePlace((int)op->EndOffset - size, size, signed);
            return size != 0 && place.Read(bytes) == op->Immediate ? place : default;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public long Read(byte* bytes)
        {
            byte* at = bytes + Offset;
            return (Size, IsSigned) switch
            {
                (1, false) => *at,
                (1, true) => *(sbyte*)at,
                (2, _) => *(ushort*)at,
                (4, false) => *(uint*)at,
                (4, true) => *(int*)at,
                _ => *(long*)at,
            };
        }
    }
}
