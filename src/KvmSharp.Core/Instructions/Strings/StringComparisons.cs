using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Strings;

/// <summary>CMPS: the element at (E)SI minus the one at ES:(E)DI. Intel SDM Vol. 2A, "CMPS/CMPSB/CMPSW/CMPSD/CMPSQ: Compare String Operands".</summary>
internal readonly unsafe struct Cmps : IStringOp
{
    public static bool Compares => true;

    public static bool UsesSource => true;

    public static bool UsesTarget => true;

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Run<T>(CpuContext* cpu, MicroOp* op, T* source, T* target, ulong count, bool backward)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong equal = (op->Traits & MicroOpTraits.Rep) == 0 ? 0
            : backward ? CommonSuffix(source, target, count)
            : (ulong)new ReadOnlySpan<T>(source, (int)count).CommonPrefixLength(new ReadOnlySpan<T>(target, (int)count));
        ulong done = Math.Min(equal + 1, count);
        ulong last = backward ? count - done : done - 1;
        Cmp.Apply(source[last], target[last], ref cpu->Flags);
        return done;
    }

    private static ulong CommonSuffix<T>(T* source, T* target, ulong count)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong equal = 0;
        while (equal < count && source[count - 1 - equal] == target[count - 1 - equal])
        {
            equal++;
        }

        return equal;
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

    public static bool UsesTarget => true;

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Run<T>(CpuContext* cpu, MicroOp* op, T* source, T* target, ulong count, bool backward)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T sought = cpu->Read<T>(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax));
        var elements = new ReadOnlySpan<T>(target, (int)count);
        bool whileEqual = (op->Traits & MicroOpTraits.Rep) != 0;
        int end = (whileEqual, backward) switch
        {
            (false, false) => elements.IndexOf(sought),
            (false, true) => elements.LastIndexOf(sought),
            (true, false) => elements.IndexOfAnyExcept(sought),
            (true, true) => elements.LastIndexOfAnyExcept(sought),
        };
        ulong done = end < 0 ? count : backward ? count - (ulong)end : (ulong)end + 1;
        Cmp.Apply(sought, elements[backward ? (int)(count - done) : (int)done - 1], ref cpu->Flags);
        return done;
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
