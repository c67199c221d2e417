using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>CF, PF, AF, ZF, SF and OF, kept as what they follow from, so that setting them costs two words and reading is rare.</summary>
/// <remarks>
/// <see cref="Result"/> is the result sign-extended to 64 bits: ZF is "all zero", SF its top bit, PF the parity of its low byte.
/// <see cref="Carries"/> holds the carries out of three bits of the operation, whatever its width:
/// <code>
/// 63      carry out of the top bit       = CF
/// 62      carry out of the bit below it;   OF = bit 63 XOR bit 62
/// 15..8   XORed into the byte whose parity is PF   (0 after arithmetic)
/// 3       carry out of bit 3             = AF
/// 0       XORed into the sign              = SF     (0 after arithmetic)
/// </code>
/// The two XOR fields exist so that any combination of flags (POPF, SAHF, IRET) can be held, also ZF with SF, or ZF without PF.
/// Source of the flags' meaning: Intel SDM Vol. 1, "Status Flags".
/// </remarks>
internal struct ArithmeticFlags
{
    /// <summary>The six flags' places in RFLAGS.</summary>
    public const uint Mask = CarryBit | ParityBit | AdjustBit | ZeroBit | SignBit | OverflowBit;

    public const uint CarryBit = 1 << 0;
    public const uint ParityBit = 1 << 2;
    public const uint AdjustBit = 1 << 4;
    public const uint ZeroBit = 1 << 6;
    public const uint SignBit = 1 << 7;
    public const uint OverflowBit = 1 << 11;

    private const int CarryShift = 63;
    private const int BelowTopShift = 62;
    private const ulong CarryOut = 1UL << CarryShift;
    private const ulong BelowTop = 1UL << BelowTopShift;
    private const ulong AdjustOut = 1UL << 3;
    private const int ParityDeltaShift = 8;

    /// <summary>A bit of <see cref="Result"/> that only ZF depends on.</summary>
    private const ulong NonZero = 0x100;

    /// <summary>The last result, sign-extended.</summary>
    public ulong Result;

    /// <summary>The carries and the two XOR fields.</summary>
    public ulong Carries;

    public readonly bool Carry
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)Carries < 0;
    }

    public readonly bool Overflow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)(Carries ^ (Carries << 1)) < 0;
    }

    public readonly bool Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Result == 0;
    }

    public readonly bool Sign
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)(Result ^ (Carries << 63)) < 0;
    }

    public readonly bool Parity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (BitOperations.PopCount((Result ^ (Carries >> ParityDeltaShift)) & 0xFF) & 1) == 0;
    }

    public readonly bool Adjust
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Carries & AdjustOut) != 0;
    }

    /// <summary>Gets whether SF and OF differ: after CMP, whether the first operand was less as a signed number.</summary>
    public readonly bool Less
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)(Result ^ (Carries << 63) ^ Carries ^ (Carries << 1)) < 0;
    }

    /// <summary>Gives CF as a number, 0 or 1, for what adds, subtracts or rotates it in.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <returns>0 or 1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T CarryIn<T>()
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Operand.Truncate<T>(Carries >> CarryShift);

    /// <summary>Sets all six from a result and the carry out of each of its bits: what every adder and subtractor ends with.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="result">The result.</param>
    /// <param name="carries">Bit n: carry (or borrow) out of bit n.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set<T>(T result, T carries)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Result = Operand.SignExtend(result);
        Carries = (Operand.AlignTop(carries) & (CarryOut | BelowTop)) | (Operand.ZeroExtend(carries) & AdjustOut);
    }

    /// <summary>Sets all but CF from a result and the carry out of each of its bits: INC and DEC.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="result">The result.</param>
    /// <param name="carries">Bit n: carry (or borrow) out of bit n.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetKeepingCarry<T>(T result, T carries)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong top = Operand.AlignTop(carries);
        Result = Operand.SignExtend(result);
        Carries = Pack(Carries, top ^ (top << 1)) | (Operand.ZeroExtend(carries) & AdjustOut);
    }

    /// <summary>Sets ZF, SF and PF from a result, CF and OF from words, and clears AF: what every shift ends with.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="result">The result.</param>
    /// <param name="carry">The new CF in bit 63; the other bits are ignored.</param>
    /// <param name="overflow">The new OF in bit 63; the other bits are ignored.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetShifted<T>(T result, ulong carry, ulong overflow)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Result = Operand.SignExtend(result);
        Carries = Pack(carry, overflow);
    }

    /// <summary>Sets SF and PF from a result and clears the other four, ZF too, whatever the result is.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="result">The result.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetNonZero<T>(T result)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Result = Operand.SignExtend(result) | NonZero;
        Carries = 0;
    }

    /// <summary>Sets ZF, SF and PF from a result and clears CF, OF and AF: what every logical operation ends with.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="result">The result.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetLogic<T>(T result)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Result = Operand.SignExtend(result);
        Carries = 0;
    }

    /// <summary>Sets ZF, SF and PF from a result and leaves CF, OF and AF to be set one by one.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="result">The result.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetZeroSignParity<T>(T result)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Result = Operand.SignExtend(result);
        Carries &= CarryOut | BelowTop | AdjustOut;
    }

    /// <summary>Sets CF and OF, and leaves the other four.</summary>
    /// <param name="carry">The new CF.</param>
    /// <param name="overflow">The new OF.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetCarryOverflow(bool carry, bool overflow) =>
        SetCarryOverflow((carry ? 1UL : 0) << CarryShift, (overflow ? 1UL : 0) << CarryShift);

    /// <summary>Sets CF and OF from words, and leaves the other four: what every rotate ends with.</summary>
    /// <param name="carry">The new CF in bit 63; the other bits are ignored.</param>
    /// <param name="overflow">The new OF in bit 63; the other bits are ignored.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetCarryOverflow(ulong carry, ulong overflow) =>
        Carries = (Carries & ~(CarryOut | BelowTop)) | Pack(carry, overflow);

    /// <summary>Sets CF and leaves the other five.</summary>
    /// <param name="carry">The new CF.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetCarry(bool carry)
    {
        ulong change = (Carries ^ ((carry ? 1UL : 0) << CarryShift)) & CarryOut;
        Carries ^= change | (change >> 1); // both change together, so OF stays
    }

    /// <summary>Sets AF and leaves the other five.</summary>
    /// <param name="adjust">The new AF.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetAdjust(bool adjust) => Carries = (Carries & ~AdjustOut) | (adjust ? AdjustOut : 0);

    /// <summary>Sets ZF and leaves the other five.</summary>
    /// <param name="zero">The new ZF.</param>
    public void SetZero(bool zero)
    {
        uint others = ToRflags() & ~ZeroBit;
        this = FromRflags(others | (zero ? ZeroBit : 0));
    }

    /// <summary>Gives the six flags at their places in RFLAGS; all other bits are 0.</summary>
    /// <returns>The flags.</returns>
    public readonly uint ToRflags()
    {
        int parity = ~BitOperations.PopCount((Result ^ (Carries >> ParityDeltaShift)) & 0xFF) & 1;
        return (uint)(Carries >> CarryShift)
            | ((uint)parity << 2)
            | ((uint)(Carries & AdjustOut) << 1)
            | (Zero ? ZeroBit : 0)
            | ((uint)((Result ^ (Carries << 63)) >> 63) << 7)
            | ((uint)((Carries ^ (Carries << 1)) >> 63) << 11);
    }

    /// <summary>Takes the six flags from RFLAGS; all other bits are ignored.</summary>
    /// <param name="rflags">The flags register.</param>
    /// <returns>A value from which the same six flags follow.</returns>
    public static ArithmeticFlags FromRflags(ulong rflags)
    {
        ulong carry = rflags & CarryBit;
        ulong overflow = (rflags & OverflowBit) >> 11;

        // A result of 0 gives ZF, PF and no SF; NonZero clears ZF alone, as it touches neither the low byte nor the top bit.
        return new ArithmeticFlags
        {
            Result = ((rflags & ZeroBit) << 2) ^ NonZero,
            Carries = (carry << CarryShift)
                | ((carry ^ overflow) << BelowTopShift)
                | ((rflags & SignBit) >> 7)
                | ((~rflags & ParityBit) << (ParityDeltaShift - 2))
                | ((rflags & AdjustBit) >> 1),
        };
    }

    /// <summary>Bits 63 and 62 of <see cref="Carries"/> from the top bits of two words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Pack(ulong carry, ulong overflow) =>
        (carry & CarryOut) | (((carry ^ overflow) & CarryOut) >> 1);
}
