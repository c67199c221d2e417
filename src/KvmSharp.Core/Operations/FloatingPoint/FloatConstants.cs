namespace KvmSharp.Operations.FloatingPoint;

/// <summary>The constants of FLDPI and its kin, and those that the transcendental functions need, to 128 bits.</summary>
internal static class FloatConstants
{
    public static readonly WideFloat Pi = new(false, 1, PiDigits);
    public static readonly WideFloat HalfPi = new(false, 0, PiDigits);

    /// <summary>log2(10).</summary>
    public static readonly WideFloat Log2Of10 = new(false, 1, new UInt128(0xD49A_784B_CD1B_8AFE, 0x492B_F6FF_4DAF_DB4D));

    /// <summary>log2(e).</summary>
    public static readonly WideFloat Log2OfE = new(false, 0, new UInt128(0xB8AA_3B29_5C17_F0BB, 0xBE87_FED0_691D_3E89));

    /// <summary>log10(2).</summary>
    public static readonly WideFloat Log10Of2 = new(false, -2, new UInt128(0x9A20_9A84_FBCF_F798, 0x8F89_59AC_0B7C_9178));

    /// <summary>ln(2).</summary>
    public static readonly WideFloat LnOf2 = new(false, -1, new UInt128(0xB172_17F7_D1CF_79AB, 0xC9E3_B398_03F2_F6AF));

    private static UInt128 PiDigits => new(0xC90F_DAA2_2168_C234, 0xC4C6_628B_80DC_1CD1);

    /// <summary>Rounds a constant as RC says; it raises nothing. Intel SDM Vol. 2A, "FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ: Load Constant".</summary>
    /// <param name="constant">The constant.</param>
    /// <param name="control">The control word.</param>
    /// <returns>The rounded constant.</returns>
    public static Float80 Load(in WideFloat constant, ushort control)
    {
        var unseen = new FloatEnvironment(control);
        return constant.Round(isExact: false, ref unseen);
    }
}
