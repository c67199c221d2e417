using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Strings;

/// <summary>CMPS: the element at (E)SI minus the one at ES:(E)DI. Intel SDM Vol. 2A, "CMPS/CMPSB/CMPSW/CMPSD/CMPSQ: Compare String Operands".</summary>
internal readonly unsafe struct Cmps : IStringOp
{
    public static bool Compares => true;

    public static ReadOnlySpan<byte> Accesses => [GeneralRegisterFile.Rdi, GeneralRegisterFile.Rsi];

    public static ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong count = CompareAhead(cpu, op, most, out T a, out T b);
        if (count == 0)
        {
            if (!StringOperands.TryRead(cpu, op, op->Segment, GeneralRegisterFile.Rsi, out a)
                || !StringOperands.TryRead(cpu, op, (int)SegmentIndex.Es, GeneralRegisterFile.Rdi, out b))
            {
                return 0;
            }

            count = 1;
        }

        Cmp.Apply(a, b, ref cpu->Flags);
        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rsi, count);
        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rdi, count);
        return count;
    }

    // REPE only: passes over what is equal, and ends with the first pair that is not.
    private static ulong CompareAhead<T>(CpuContext* cpu, MicroOp* op, ulong count, out T a, out T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        a = b = default;
        if (count == 1 || (op->Traits & MicroOpTraits.Rep) == 0)
        {
            return 0;
        }

        T* first = StringOperands.Ahead<T>(cpu, op, op->Segment, GeneralRegisterFile.Rsi, write: false, ref count).First;
        T* second = StringOperands.Ahead<T>(cpu, op, (int)SegmentIndex.Es, GeneralRegisterFile.Rdi, write: false, ref count).First;
        if (first is null || second is null)
        {
            return 0;
        }

        int equal = new ReadOnlySpan<T>(first, (int)count).CommonPrefixLength(new ReadOnlySpan<T>(second, (int)count));
        count = Math.Min(count, (ulong)equal + 1);
        a = first[count - 1];
        b = second[count - 1];
        return count;
    }
}

/// <summary>SCAS: the accumulator minus the element at ES:(E)DI. Intel SDM Vol. 2B, "SCAS/SCASB/SCASW/SCASD: Scan String".</summary>
internal readonly unsafe struct Scas : IStringOp
{
    public static bool Compares => true;

    public static ReadOnlySpan<byte> Accesses => [GeneralRegisterFile.Rdi];

    public static ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T sought = cpu->Read<T>(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax));
        ulong count = ScanAhead(cpu, op, most, sought, out T element);
        if (count == 0)
        {
            if (!StringOperands.TryRead(cpu, op, (int)SegmentIndex.Es, GeneralRegisterFile.Rdi, out element))
            {
                return 0;
            }

            count = 1;
        }

        Cmp.Apply(sought, element, ref cpu->Flags);
        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rdi, count);
        return count;
    }

    private static ulong ScanAhead<T>(CpuContext* cpu, MicroOp* op, ulong count, T sought, out T element)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        element = default;
        T* first = count > 1 ? StringOperands.Ahead<T>(cpu, op, (int)SegmentIndex.Es, GeneralRegisterFile.Rdi, write: false, ref count).First : null;
        if (first is null)
        {
            return 0;
        }

        var elements = new ReadOnlySpan<T>(first, (int)count);
        int end = (op->Traits & MicroOpTraits.Rep) != 0 ? elements.IndexOfAnyExcept(sought) : elements.IndexOf(sought);
        count = end < 0 ? count : (ulong)end + 1;
        element = first[count - 1];
        return count;
    }
}
