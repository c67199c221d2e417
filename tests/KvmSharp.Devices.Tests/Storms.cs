using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

/// <summary>Random accesses to a device, between which time passes and the host acts.</summary>
internal static class Storms
{
    private static readonly int[] Widths = [1, 1, 1, 1, 1, 2, 4];

    public static Arbitrary<uint[]> Arbitrary { get; } =
        Gen.Choose(int.MinValue, int.MaxValue).Select(n => unchecked((uint)n)).ArrayOf(200).ToArbitrary();

    /// <summary>Runs a storm and returns all that was read.</summary>
    public static List<uint> Run<TPart>(uint[] storm, TPart part, ManualClock clock, int ports, Action<TPart, byte> host)
        where TPart : IPortDevice
    {
        var answers = new List<uint>();
        foreach (uint step in storm)
        {
            var offset = (ushort)((step >> 4) % (uint)(ports + 1));
            int width = Widths[(step >> 8) % (uint)Widths.Length];
            uint value = (step >> 16) * 0x0101_0001u;
            switch (step & 0xF)
            {
                case 0:
                    clock.AdvanceBy((step >> 8) & 0xFF);
                    break;
                case 1:
                    clock.AdvanceBy(step >> 12);
                    break;
                case 2:
                    host(part, (byte)(step >> 8));
                    break;
                case < 8:
                    answers.Add(part.ReadPort(offset, width));
                    break;
                default:
                    part.WritePort(offset, width, width == 4 ? value : value & ((1u << (8 * width)) - 1));
                    break;
            }
        }

        return answers;
    }
}
