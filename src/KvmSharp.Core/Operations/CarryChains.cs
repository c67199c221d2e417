using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>ADCX: adds with CF and changes no other flag. Intel SDM Vol. 2A, "ADCX".</summary>
internal readonly struct Adcx : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ArithmeticFlags sum = flags;
        T result = Adder.Sum(a, b, flags.CarryIn<T>(), ref sum);
        flags.SetCarry(sum.Carry);
        return result;
    }
}

/// <summary>ADOX: adds with OF and changes no other flag. Intel SDM Vol. 2A, "ADOX".</summary>
internal readonly struct Adox : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => ArithmeticFlags.OverflowBit;

    public static uint FlagsWritten => ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ArithmeticFlags sum = flags;
        T result = Adder.Sum(a, b, flags.Overflow ? T.One : T.Zero, ref sum);
        flags.SetCarryOverflow(flags.Carry, sum.Carry);
        return result;
    }
}
