using KvmSharp.Cpu;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>The two forms of the tag word. Intel SDM Vol. 1, "x87 FPU Tag Word"; Vol. 2A, "FXSAVE", on the abridged one.</summary>
internal static class FpuTags
{
    private const int Zero = 1;
    private const int Special = 2;
    private const int Empty = 3;

    /// <summary>Gives two bits for each physical register: valid, zero, special or empty.</summary>
    /// <param name="x87">The state.</param>
    /// <returns>The tag word.</returns>
    public static ushort ToFull(in X87State x87)
    {
        int tags = 0;
        for (int i = 0; i < 8; i++)
        {
            int tag = ((x87.NotEmpty >> i) & 1) == 0
                ? Empty
                : x87.Registers[i].Class switch
                {
                    FloatClass.Normal => 0,
                    FloatClass.Zero => Zero,
                    _ => Special,
                };
            tags |= tag << (2 * i);
        }

        return (ushort)tags;
    }

    /// <summary>Gives one bit for each physical register that is not empty; what it holds the processor sees for itself.</summary>
    /// <param name="full">The tag word.</param>
    /// <returns>The abridged tags.</returns>
    public static byte ToAbridged(ushort full)
    {
        int tags = 0;
        for (int i = 0; i < 8; i++)
        {
            tags |= ((full >> (2 * i)) & 3) == Empty ? 0 : 1 << i;
        }

        return (byte)tags;
    }
}
