using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Instructions.Strings;

/// <summary>MOVS. Intel SDM Vol. 2B, "MOVS/MOVSB/MOVSW/MOVSD/MOVSQ: Move Data From String to String".</summary>
internal readonly unsafe struct Movs : IStringOp
{
    public static bool TruncatesIndices => true;

    public static bool Compares => false;

    public static bool UsesSource => true;

    public static bool UsesTarget => true;

    public static bool Stores => true;

    public static ReadOnlySpan<byte> Accesses => [GeneralRegisterFile.Rsi, GeneralRegisterFile.Rdi];

    public static void BeginRepeat(CpuContext* cpu, MicroOp* op)
    {
        StringOperands.Extend(cpu, op, GeneralRegisterFile.Rsi);
        StringOperands.Extend(cpu, op, GeneralRegisterFile.Rdi);
    }

    public static ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong count = most > 1 ? CopyAhead<T>(cpu, op, most) : 0;
        if (count == 0)
        {
            if (!StringOperands.TryRead(cpu, op, op->Segment, GeneralRegisterFile.Rsi, out T value) || !StringOperands.TryWrite(cpu, op, value))
            {
                return 0;
            }

            count = 1;
        }

        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rsi, count);
        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rdi, count);
        return count;
    }

    private static ulong CopyAhead<T>(CpuContext* cpu, MicroOp* op, ulong count)
        where T : unmanaged
    {
        T* from = StringOperands.Ahead<T>(cpu, op, op->Segment, GeneralRegisterFile.Rsi, write: false, ref count).First;
        if (from is null)
        {
            return 0;
        }

        ElementRun<T> target = StringOperands.Ahead<T>(cpu, op, (int)SegmentIndex.Es, GeneralRegisterFile.Rdi, write: true, ref count);
        T* to = target.First;
        if (to is null)
        {
            return 0;
        }

        count = Copy(from, to, count, backward: false);
        target.Stored(cpu, count);
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Run<T>(CpuContext* cpu, MicroOp* op, T* source, T* target, ulong count, bool backward)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (count != 1)
        {
            return Copy(source, target, count, backward);
        }

        *target = *source;
        return 1;
    }

    // A destination a little behind the source, as seen in the direction of the copy, repeats what lies between them. Each piece may then
    // go only as far as the source has not been overwritten by it; 0 when not even one element may.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Copy<T>(T* from, T* to, ulong count, bool backward)
        where T : unmanaged
    {
        ulong distance = (ulong)(backward ? (byte*)from - (byte*)to : (byte*)to - (byte*)from);
        ulong gap = distance / (uint)sizeof(T);
        if (gap == 0 && distance != 0)
        {
            return 0;
        }

        ulong piece = gap == 0 ? count : Math.Min(gap, count);
        for (ulong done = 0; done < count; done += piece)
        {
            piece = Math.Min(piece, count - done);
            ulong at = backward ? count - done - piece : done;
            new ReadOnlySpan<T>(from + at, (int)piece).CopyTo(new Span<T>(to + at, (int)piece));
        }

        return count;
    }
}

/// <summary>STOS. Intel SDM Vol. 2B, "STOS/STOSB/STOSW/STOSD/STOSQ: Store String".</summary>
internal readonly unsafe struct Stos : IStringOp
{
    public static bool Compares => false;

    public static bool UsesTarget => true;

    public static bool Stores => true;

    public static ReadOnlySpan<byte> Accesses => [GeneralRegisterFile.Rdi];

    public static void BeginRepeat(CpuContext* cpu, MicroOp* op) => StringOperands.Extend(cpu, op, GeneralRegisterFile.Rdi);

    public static ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T value = cpu->Read<T>(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax));
        ulong count = most;
        ElementRun<T> to = most > 1 ? StringOperands.Ahead<T>(cpu, op, (int)SegmentIndex.Es, GeneralRegisterFile.Rdi, write: true, ref count) : default;
        if (to.First is not null)
        {
            new Span<T>(to.First, (int)count).Fill(value);
            to.Stored(cpu, count);
        }
        else if (StringOperands.TryWrite(cpu, op, value))
        {
            count = 1;
        }
        else
        {
            return 0;
        }

        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rdi, count);
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Run<T>(CpuContext* cpu, MicroOp* op, T* source, T* target, ulong count, bool backward)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T value = cpu->Read<T>(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax));
        new Span<T>(target, (int)count).Fill(value);
        return count;
    }
}

/// <summary>LODS. Intel SDM Vol. 2A, "LODS/LODSB/LODSW/LODSD/LODSQ: Load String".</summary>
internal readonly unsafe struct Lods : IStringOp
{
    public static bool Compares => false;

    public static bool UsesSource => true;

    public static ReadOnlySpan<byte> Accesses => [GeneralRegisterFile.Rsi];

    public static ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!StringOperands.TryRead(cpu, op, op->Segment, GeneralRegisterFile.Rsi, out T value))
        {
            return 0;
        }

        cpu->Write(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax), value);
        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rsi, 1);
        return 1;
    }

    // Only the last element stays.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Run<T>(CpuContext* cpu, MicroOp* op, T* source, T* target, ulong count, bool backward)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        cpu->Write(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax), backward ? *source : source[count - 1]);
        return count;
    }
}
