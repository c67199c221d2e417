namespace KvmSharp.Operations;

/// <summary>The meaning of DAA, DAS, AAA and AAS: the correction of AX after an addition or subtraction of decimal digits.</summary>
/// <remarks>Flags that the manual leaves undefined are those of Intel processors: OF is cleared, SF, ZF and PF follow AL.</remarks>
internal interface IDecimalAdjustOp : IFlagEffects
{
    static abstract ushort Apply(ushort ax, ref ArithmeticFlags flags);
}

/// <summary>DAA; AH stays. Intel SDM Vol. 2A, "DAA: Decimal Adjust AL After Addition".</summary>
internal readonly struct Daa : IDecimalAdjustOp
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit | ArithmeticFlags.AdjustBit;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    public static ushort Apply(ushort ax, ref ArithmeticFlags flags)
    {
        var al = (byte)ax;
        bool low = DecimalAdjust.LowDigitWrong(al, flags);
        bool high = al > 0x99 || flags.Carry;
        al = (byte)(al + (low ? 0x06 : 0) + (high ? 0x60 : 0));
        DecimalAdjust.SetFlags(al, carry: high, adjust: low, ref flags);
        return (ushort)((ax & 0xFF00) | al);
    }
}

/// <summary>DAS; AH stays. Intel SDM Vol. 2A, "DAS: Decimal Adjust AL After Subtraction".</summary>
internal readonly struct Das : IDecimalAdjustOp
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit | ArithmeticFlags.AdjustBit;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    public static ushort Apply(ushort ax, ref ArithmeticFlags flags)
    {
        var al = (byte)ax;
        bool low = DecimalAdjust.LowDigitWrong(al, flags);
        bool high = al > 0x99 || flags.Carry;
        bool borrow = low && al < 0x06; // taking 6 away borrows by itself
        al = (byte)(al - (low ? 0x06 : 0) - (high ? 0x60 : 0));
        DecimalAdjust.SetFlags(al, carry: high || borrow, adjust: low, ref flags);
        return (ushort)((ax & 0xFF00) | al);
    }
}

/// <summary>AAA: the carry of the correction goes from AL into AH. Intel SDM Vol. 2A, "AAA: ASCII Adjust After Addition".</summary>
internal readonly struct Aaa : IDecimalAdjustOp
{
    public static uint FlagsRead => ArithmeticFlags.AdjustBit;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    public static ushort Apply(ushort ax, ref ArithmeticFlags flags)
    {
        bool wrong = DecimalAdjust.LowDigitWrong((byte)ax, flags);
        var result = (ushort)((ax + (wrong ? 0x0106 : 0)) & 0xFF0F);
        DecimalAdjust.SetFlags((byte)result, carry: wrong, adjust: wrong, ref flags);
        return result;
    }
}

/// <summary>AAS: the borrow of the correction goes from AL into AH. Intel SDM Vol. 2A, "AAS: ASCII Adjust AL After Subtraction".</summary>
internal readonly struct Aas : IDecimalAdjustOp
{
    public static uint FlagsRead => ArithmeticFlags.AdjustBit;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    public static ushort Apply(ushort ax, ref ArithmeticFlags flags)
    {
        bool wrong = DecimalAdjust.LowDigitWrong((byte)ax, flags);
        var result = (ushort)((ax - (wrong ? 0x0106 : 0)) & 0xFF0F);
        DecimalAdjust.SetFlags((byte)result, carry: wrong, adjust: wrong, ref flags);
        return result;
    }
}

/// <summary>AAM: splits AL into digits. CF, OF and AF are cleared. Intel SDM Vol. 2A, "AAM: ASCII Adjust AX After Multiply".</summary>
internal readonly struct Aam : IFlagEffects
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    /// <summary>Divides AL by the number base.</summary>
    /// <param name="al">AL.</param>
    /// <param name="numberBase">The immediate byte, 10 as assemblers write it.</param>
    /// <param name="ax">The new AX: quotient in AH, remainder in AL; 0 if there is none.</param>
    /// <param name="flags">The flags to set; unchanged if there is no result.</param>
    /// <returns>False for #DE: the base is 0.</returns>
    public static bool TryApply(byte al, byte numberBase, out ushort ax, ref ArithmeticFlags flags)
    {
        if (numberBase == 0)
        {
            ax = 0;
            return false;
        }

        (int high, int low) = Math.DivRem((int)al, numberBase);
        flags.SetLogic((byte)low);
        ax = (ushort)((high << 8) | low);
        return true;
    }
}

/// <summary>AAD: joins two digits into AL. All flags are those of the addition. Intel SDM Vol. 2A, "AAD: ASCII Adjust AX Before Division".</summary>
internal readonly struct Aad : IFlagEffects
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    /// <summary>Adds AH times the number base to AL.</summary>
    /// <param name="ax">AX.</param>
    /// <param name="numberBase">The immediate byte, 10 as assemblers write it.</param>
    /// <param name="flags">The flags to set.</param>
    /// <returns>The new AX; AH is 0.</returns>
    public static ushort Apply(ushort ax, byte numberBase, ref ArithmeticFlags flags) =>
        Adder.Sum((byte)ax, (byte)((ax >> 8) * numberBase), (byte)0, ref flags);
}

/// <summary>What the four corrections share.</summary>
file static class DecimalAdjust
{
    public static bool LowDigitWrong(byte al, in ArithmeticFlags flags) => (al & 0x0F) > 9 || flags.Adjust;

    public static void SetFlags(byte al, bool carry, bool adjust, ref ArithmeticFlags flags)
    {
        flags.SetLogic(al);
        flags.SetCarry(carry);
        flags.SetAdjust(adjust);
    }
}
