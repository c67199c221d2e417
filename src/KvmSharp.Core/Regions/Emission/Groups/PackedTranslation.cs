using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Iced.Intel;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Regions;

/// <summary>Moves, logic, packed integers and interleaving: the interpreter's own operations, which the compiler puts in line.</summary>
internal sealed class PackedTranslation : VectorTranslation
{
    private static readonly Type Copy = typeof(CopyVector);

    private static readonly Dictionary<Mnemonic, Type> Operations = new()
    {
        [Mnemonic.Movaps] = Copy,
        [Mnemonic.Movapd] = Copy,
        [Mnemonic.Movdqa] = Copy,
        [Mnemonic.Movups] = Copy,
        [Mnemonic.Movupd] = Copy,
        [Mnemonic.Movdqu] = Copy,
        [Mnemonic.Lddqu] = Copy,
        [Mnemonic.Movd] = Copy,
        [Mnemonic.Movq] = typeof(CopyQuadword),
        [Mnemonic.Movss] = typeof(ReplaceLowest<uint>),
        [Mnemonic.Movsd] = typeof(ReplaceLowest<ulong>),
        [Mnemonic.Movlps] = typeof(ReplaceLowest<ulong>),
        [Mnemonic.Movlpd] = typeof(ReplaceLowest<ulong>),
        [Mnemonic.Movhps] = typeof(LowToHigh),
        [Mnemonic.Movhpd] = typeof(LowToHigh),
        [Mnemonic.Movlhps] = typeof(LowToHigh),
        [Mnemonic.Movhlps] = typeof(HighToLow),
        [Mnemonic.Movddup] = typeof(DuplicateDouble),
        [Mnemonic.Pand] = typeof(PackedAnd),
        [Mnemonic.Andps] = typeof(PackedAnd),
        [Mnemonic.Andpd] = typeof(PackedAnd),
        [Mnemonic.Pandn] = typeof(PackedAndNot),
        [Mnemonic.Andnps] = typeof(PackedAndNot),
        [Mnemonic.Andnpd] = typeof(PackedAndNot),
        [Mnemonic.Por] = typeof(PackedOr),
        [Mnemonic.Orps] = typeof(PackedOr),
        [Mnemonic.Orpd] = typeof(PackedOr),
        [Mnemonic.Pxor] = typeof(PackedXor),
        [Mnemonic.Xorps] = typeof(PackedXor),
        [Mnemonic.Xorpd] = typeof(PackedXor),
        [Mnemonic.Paddb] = typeof(PackedAdd<byte>),
        [Mnemonic.Paddw] = typeof(PackedAdd<ushort>),
        [Mnemonic.Paddd] = typeof(PackedAdd<uint>),
        [Mnemonic.Paddq] = typeof(PackedAdd<ulong>),
        [Mnemonic.Psubb] = typeof(PackedSubtract<byte>),
        [Mnemonic.Psubw] = typeof(PackedSubtract<ushort>),
        [Mnemonic.Psubd] = typeof(PackedSubtract<uint>),
        [Mnemonic.Psubq] = typeof(PackedSubtract<ulong>),
        [Mnemonic.Pminub] = typeof(PackedMinimum<byte>),
        [Mnemonic.Pmaxub] = typeof(PackedMaximum<byte>),
        [Mnemonic.Pminsw] = typeof(PackedMinimum<short>),
        [Mnemonic.Pmaxsw] = typeof(PackedMaximum<short>),
        [Mnemonic.Pcmpeqb] = typeof(PackedEqual<byte>),
        [Mnemonic.Pcmpeqw] = typeof(PackedEqual<ushort>),
        [Mnemonic.Pcmpeqd] = typeof(PackedEqual<uint>),
        [Mnemonic.Pcmpgtb] = typeof(PackedGreater<sbyte>),
        [Mnemonic.Pcmpgtw] = typeof(PackedGreater<short>),
        [Mnemonic.Pcmpgtd] = typeof(PackedGreater<int>),
        [Mnemonic.Psllw] = typeof(PackedShiftLeft<ushort>),
        [Mnemonic.Pslld] = typeof(PackedShiftLeft<uint>),
        [Mnemonic.Psllq] = typeof(PackedShiftLeft<ulong>),
        [Mnemonic.Psrlw] = typeof(PackedShiftRight<ushort>),
        [Mnemonic.Psrld] = typeof(PackedShiftRight<uint>),
        [Mnemonic.Psrlq] = typeof(PackedShiftRight<ulong>),
        [Mnemonic.Psraw] = typeof(PackedShiftArithmetic<short>),
        [Mnemonic.Psrad] = typeof(PackedShiftArithmetic<int>),
        [Mnemonic.Punpcklbw] = typeof(InterleaveLow<byte>),
        [Mnemonic.Punpcklwd] = typeof(InterleaveLow<ushort>),
        [Mnemonic.Punpckldq] = typeof(InterleaveLow<uint>),
        [Mnemonic.Punpcklqdq] = typeof(InterleaveLow<ulong>),
        [Mnemonic.Unpcklps] = typeof(InterleaveLow<uint>),
        [Mnemonic.Unpcklpd] = typeof(InterleaveLow<ulong>),
        [Mnemonic.Punpckhbw] = typeof(InterleaveHigh<byte>),
        [Mnemonic.Punpckhwd] = typeof(InterleaveHigh<ushort>),
        [Mnemonic.Punpckhdq] = typeof(InterleaveHigh<uint>),
        [Mnemonic.Punpckhqdq] = typeof(InterleaveHigh<ulong>),
        [Mnemonic.Unpckhps] = typeof(InterleaveHigh<uint>),
        [Mnemonic.Unpckhpd] = typeof(InterleaveHigh<ulong>),
        [Mnemonic.Pmovmskb] = typeof(SignMask<byte>),
        [Mnemonic.Movmskps] = typeof(SignMask<uint>),
        [Mnemonic.Movmskpd] = typeof(SignMask<ulong>),
    };

    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => Operations.Keys;

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        bool stores = instruction.Op0Kind == OpKind.Memory;
        EmitSource(emitter);
        if (Operation(instruction, stores) is { } operation && operation != Copy)
        {
            if (instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsXMM())
            {
                emitter.EmitReadVector(instruction.Op0Register);
            }
            else
            {
                emitter.Il.Emit(OpCodes.Ldloc, emitter.VectorB); // that has no first operand
            }

            emitter.Il.Emit(OpCodes.Ldloc, emitter.VectorB);
            emitter.Il.Emit(OpCodes.Call, ApplyOf(operation));
        }
        else
        {
            emitter.Il.Emit(OpCodes.Ldloc, emitter.VectorB);
        }

        emitter.Il.Emit(OpCodes.Stloc, emitter.VectorResult);
        EmitResult(emitter);
    }

    // As the interpreter lowers them: a scalar from memory clears the rest, a store takes the lowest bytes or the upper half.
    private static Type Operation(in Instruction instruction, bool stores) => instruction.Mnemonic switch
    {
        Mnemonic.Movhps or Mnemonic.Movhpd when stores => typeof(CopyHigh),
        Mnemonic.Movlps or Mnemonic.Movlpd or Mnemonic.Movss or Mnemonic.Movsd when stores => Copy,
        Mnemonic.Movss or Mnemonic.Movsd when instruction.Op1Kind == OpKind.Memory => Copy,
        Mnemonic mnemonic => Operations[mnemonic],
    };

    private static MethodInfo ApplyOf(Type operation) =>
        operation.GetMethod(nameof(IVectorOp.Apply), [typeof(Vector128<byte>), typeof(Vector128<byte>)])!;
}
