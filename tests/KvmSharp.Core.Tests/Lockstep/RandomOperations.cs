using Iced.Intel;

namespace KvmSharp.Tests.Lockstep;

/// <summary>The instructions that random programs are made of, by the names of their operands' forms.</summary>
internal static class RandomOperations
{
    public static readonly string[] Conditions = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];
    private static readonly string[] Arithmetic = ["Add", "Or", "Adc", "Sbb", "And", "Sub", "Xor", "Cmp"];
    private static readonly string[] Stores = [.. Arithmetic, "Mov", "Test", "Xchg", "Cmpxchg", "Xadd"];
    private static readonly string[] Loads = [.. Arithmetic, "Mov"];
    private static readonly string[] Rotations = ["Rol", "Ror", "Rcl", "Rcr", "Shl", "Shr", "Sar"];
    private static readonly string[] Unary = ["Inc", "Dec", "Neg", "Not"];
    private static readonly string[] Products = ["Mul", "Imul"];
    private static readonly string[] Quotients = ["Div", "Idiv"];
    private static readonly string[] Bits = ["Bt", "Bts", "Btr", "Btc"];
    private static readonly string[] Scans = ["Bsf", "Bsr", "Imul"];
    private static readonly string[] DoubleShifts = ["Shld", "Shrd"];
    private static readonly string[] Extensions = ["Movzx", "Movsx"];

    public static Code Store(Random random, int width) => Find(Pick(random, Stores), $"rm{width}", $"r{width}");

    public static Code Load(Random random, int width) => Find(Pick(random, Loads), $"r{width}", $"rm{width}");

    public static Code Immediate(Random random, int width) => Find(Pick(random, Arithmetic), $"rm{width}", $"imm{Math.Min(width, 32)}");

    public static Code ShortImmediate(Random random, int width) => Find(Pick(random, Arithmetic), $"rm{width}", "imm8");

    public static Code ShiftByCl(Random random, int width) => Find(Pick(random, Rotations), $"rm{width}", "CL");

    public static Code ShiftByImmediate(Random random, int width) => Find(Pick(random, Rotations), $"rm{width}", "imm8");

    public static Code OneOperand(Random random, int width) => Find(Pick(random, Unary), $"rm{width}");

    public static Code Multiply(Random random, int width) => Find(Pick(random, Products), $"rm{width}");

    public static Code Divide(Random random, int width) => Find(Pick(random, Quotients), $"rm{width}");

    public static Code BitByRegister(Random random, int width) => Find(Pick(random, Bits), $"rm{width}", $"r{width}");

    public static Code BitByImmediate(Random random, int width) => Find(Pick(random, Bits), $"rm{width}", "imm8");

    public static Code Scan(Random random, int width) => Find(Pick(random, Scans), $"r{width}", $"rm{width}");

    public static Code DoubleShift(Random random, int width) => Find(Pick(random, DoubleShifts), $"rm{width}", $"r{width}", "imm8");

    public static Code Set(Random random) => Find("Set" + Pick(random, Conditions), "rm8");

    public static Code Move(Random random, int width) => Find("Cmov" + Pick(random, Conditions), $"r{width}", $"rm{width}");

    public static Code Extend(Random random, int width, int from) => Find(Pick(random, Extensions), $"r{width}", $"rm{from}");

    public static T Pick<T>(Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    private static Code Find(params string[] parts) => Enum.Parse<Code>(string.Join('_', parts));
}
