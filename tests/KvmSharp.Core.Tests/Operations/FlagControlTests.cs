using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class FlagControlTests
{
    [Fact]
    public void CarryInstructions_EveryFlagState_ChangeCarryAlone()
    {
        foreach (uint before in Values.AllFlagStates)
        {
            After<Clc>(before).Should().Be(before & ~1u);
            After<Stc>(before).Should().Be(before | 1);
            After<Cmc>(before).Should().Be(before ^ 1);
        }
    }

    [Fact]
    public void LahfAndSahf_EveryFlagState_CarryTheLowByteAndLeaveOverflow()
    {
        foreach (uint before in Values.AllFlagStates)
        {
            var flags = ArithmeticFlags.FromRflags(before);
            Lahf.Apply(flags).Should().Be((byte)((before & 0xFF) | 2)); // bit 1 of RFLAGS reads 1

            for (uint ah = 0; ah < 256; ah++)
            {
                var stored = ArithmeticFlags.FromRflags(before);
                Sahf.Apply((byte)ah, ref stored);
                stored.ToRflags().Should().Be((before & 0x800) | (ah & 0xD5));
            }
        }
    }

    [Fact]
    public void Salc_Carry_FillsAl()
    {
        Salc.Apply(ArithmeticFlags.FromRflags(Expected.Carry)).Should().Be(0xFF);
        Salc.Apply(ArithmeticFlags.FromRflags(ArithmeticFlags.Mask & ~Expected.Carry)).Should().Be(0);
    }

    private static uint After<TOp>(uint before)
        where TOp : IFlagOp
    {
        var flags = ArithmeticFlags.FromRflags(before);
        TOp.Apply(ref flags);
        return flags.ToRflags();
    }
}
