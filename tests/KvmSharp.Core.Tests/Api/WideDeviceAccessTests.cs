using static Iced.Intel.AssemblerRegisters;
using Taking = KvmSharp.Tests.Api.DeviceAccessTests.Taking;

namespace KvmSharp.Tests.Api;

/// <summary>Device accesses of more than 8 bytes come as several exits of at most 8, lowest address first, each once.</summary>
public sealed class WideDeviceAccessTests
{
    private const uint Mmio = TestMachine.Mmio;
    private const uint EdgeOfRam = (uint)TestMachine.RamSize;
    private const ulong OsFxsr = 0x200;
    private const ulong LowHalf = 0x1716_1514_1312_1110;
    private const ulong HighHalf = 0x1F1E_1D1C_1B1A_1918;

    public static TheoryData<Taking> Takings => DeviceAccessTests.Takings;

    [Theory]
    [MemberData(nameof(Takings))]
    public void Movups_Load_ComesAsTwoReads(Taking taking)
    {
        List<VmExit> seen = DeviceAccessTests.Run(taking, a => a.movups(xmm1, __[Mmio + 1]), r => r, out TestMachine machine, EnableVectors);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Read, Mmio + 1, 8, 0),
            VmExit.Mmio(0, ExitDirection.Read, Mmio + 9, 8, 0));
        machine.Cpu.GetFpuState().Xmm[1].Should().Be(new UInt128(DeviceAccessTests.AnswerTo(1, 8), DeviceAccessTests.AnswerTo(0, 8)));
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Movaps_Store_ComesAsTwoWrites(Taking taking)
    {
        List<VmExit> seen = DeviceAccessTests.Run(taking, a => a.movaps(__[Mmio], xmm0), r => r, out TestMachine machine, EnableVectors);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Write, Mmio, 8, LowHalf),
            VmExit.Mmio(0, ExitDirection.Write, Mmio + 8, 8, HighHalf));
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Paddq_FromMmioThenStore_ReadsAndWritesOnce(Taking taking)
    {
        List<VmExit> seen = DeviceAccessTests.Run(
            taking,
            a =>
            {
                a.paddq(xmm0, __[Mmio]);
                a.movdqa(__[Mmio + 0x20], xmm0);
            },
            r => r,
            out TestMachine machine,
            EnableVectors);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Read, Mmio, 8, 0),
            VmExit.Mmio(0, ExitDirection.Read, Mmio + 8, 8, 0),
            VmExit.Mmio(0, ExitDirection.Write, Mmio + 0x20, 8, LowHalf + DeviceAccessTests.AnswerTo(0, 8)),
            VmExit.Mmio(0, ExitDirection.Write, Mmio + 0x28, 8, HighHalf + DeviceAccessTests.AnswerTo(1, 8)));
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Movups_AcrossTheEndOfRam_MovesOnlyTheRestThroughTheDevice(Taking taking)
    {
        List<VmExit> seen = DeviceAccessTests.Run(taking, a => a.movups(__[EdgeOfRam - 4], xmm0), r => r, out TestMachine machine, EnableVectors);

        seen.Should().Equal(
            VmExit.Mmio(0, ExitDirection.Write, EdgeOfRam, 8, unchecked((LowHalf >> 32) | (HighHalf << 32))),
            VmExit.Mmio(0, ExitDirection.Write, EdgeOfRam + 8, 4, HighHalf >> 32));
        machine.Ram.Read<uint>(EdgeOfRam - 4).Should().Be(unchecked((uint)LowHalf));
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Fxsave_ToMmio_WritesEachByteOnceInOrder(Taking taking)
    {
        List<VmExit> seen = DeviceAccessTests.Run(taking, a => a.fxsave(__[Mmio]), r => r, out TestMachine machine, EnableVectors);

        const int Written = 160 + (8 * 16); // up to XMM7
        seen.Should().HaveCount(Written / 8);
        seen.Should().OnlyContain(e => e.Direction == ExitDirection.Write && e.Width == 8);
        seen.Select(e => e.Address).Should().Equal(Enumerable.Range(0, Written / 8).Select(i => Mmio + (8UL * (uint)i)));
        seen[160 / 8].Value.Should().Be(LowHalf, "XMM0 is at 160");
        machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Takings))]
    public void Fxrstor_FromMmio_ReadsEachByteOnce(Taking taking)
    {
        // The first 32 bytes, with MXCSR, are RAM and 0; ST0 is the first that the device answers.
        List<VmExit> seen = DeviceAccessTests.Run(
            taking, a => a.fxrstor(__[EdgeOfRam - 32]), r => r, out TestMachine machine, EnableVectors);

        seen.Should().HaveCount((512 - 32) / 8);
        seen.Should().OnlyContain(e => e.Direction == ExitDirection.Read && e.Width == 8);
        machine.Cpu.GetFpuState().Fpr[0].Should().Be(new UInt128(DeviceAccessTests.AnswerTo(1, 8) & 0xFFFF, DeviceAccessTests.AnswerTo(0, 8)));
        machine.Dispose();
    }

    private static void EnableVectors(TestMachine machine)
    {
        machine.SetSpecial(s => s with { Cr4 = OsFxsr });
        var xmm = default(XmmRegisters);
        xmm[0] = new UInt128(HighHalf, LowHalf);
        machine.Cpu.SetFpuState(new FpuState { Fcw = 0x37F, Mxcsr = 0x1F80, Xmm = xmm });
    }
}
