using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>LODS, STOS and MOVS without repetition, where addresses need no segment. What repeats calls the interpreter's handler, which does many at once.</summary>
internal sealed class StringTranslation : InstructionTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics =>
    [
        Mnemonic.Lodsb, Mnemonic.Lodsw, Mnemonic.Lodsd, Mnemonic.Lodsq,
        Mnemonic.Stosb, Mnemonic.Stosw, Mnemonic.Stosd, Mnemonic.Stosq,
        Mnemonic.Movsb, Mnemonic.Movsw, Mnemonic.Movsd, Mnemonic.Movsq,
    ];

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead)
    {
        bool plain = (mode & CodeMode.Code64) != 0 ? op.AddressShift == 0 : op.AddressShift == 32 && (mode & CodeMode.FlatData) != 0;
        return plain
            && instruction.IsStringInstruction // MOVSD names an SSE2 instruction as well
            && !instruction.HasRepPrefix
            && !instruction.HasRepnePrefix
            && instruction.SegmentPrefix is not (Register.CS or Register.FS or Register.GS);
    }

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        int size = emitter.Instruction.MemorySize.GetSize();
        Register source = emitter.IsLong ? Register.RSI : Register.ESI;
        Register destination = emitter.IsLong ? Register.RDI : Register.EDI;
        Register accumulator = size switch
        {
            1 => Register.AL,
            2 => Register.AX,
            4 => Register.EAX,
            _ => Register.RAX,
        };
        bool loads = emitter.Instruction.Mnemonic is not (Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq);
        bool stores = emitter.Instruction.Mnemonic is not (Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd or Mnemonic.Lodsq);
        LocalBuilder value = emitter.ValueA(size);
        if (loads)
        {
            emitter.EmitAddressIn(source);
            emitter.EmitLoad(size, value);
        }
        else
        {
            emitter.EmitRead(accumulator);
            emitter.Il.Emit(OpCodes.Stloc, value);
        }

        if (stores)
        {
            emitter.EmitAddressIn(destination);
            emitter.EmitPrepareStore(size);
            emitter.EmitStoreHost(size, value);
            Move(emitter, destination, size);
        }
        else
        {
            emitter.Il.Emit(OpCodes.Ldloc, value);
            emitter.EmitWrite(accumulator);
        }

        if (loads)
        {
            Move(emitter, source, size);
        }
    }

    // By the size, or back by it when DF is set: the size less twice DF times the size.
    private static void Move(RegionEmitter e, Register index, int size)
    {
        const int DirectionShift = 10;
        e.EmitRead(index);
        e.Il.Emit(OpCodes.Ldc_I4, size);
        e.EmitReadRflags();
        e.Il.Emit(OpCodes.Ldc_I4, DirectionShift - 1 - System.Numerics.BitOperations.Log2((uint)size));
        e.Il.Emit(OpCodes.Shr_Un);
        e.Il.Emit(OpCodes.Ldc_I4, 2 * size);
        e.Il.Emit(OpCodes.And);
        e.Il.Emit(OpCodes.Sub);
        if (e.IsLong)
        {
            e.Il.Emit(OpCodes.Conv_I8);
        }

        e.Il.Emit(OpCodes.Add);
        e.EmitWrite(index);
    }
}
