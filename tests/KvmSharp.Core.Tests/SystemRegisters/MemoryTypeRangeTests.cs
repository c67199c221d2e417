namespace KvmSharp.Tests.SystemRegisters;

/// <summary>MTRRs, machine-check registers and the constants that systems read at boot.</summary>
public sealed class MemoryTypeRangeTests
{
    [Theory]
    [InlineData(0xFE, 0x508UL)]             // 8 variable ranges, fixed ranges, write combining
    [InlineData(0x179, 0UL)]                // no machine-check bank
    [InlineData(0x17, 0UL)]
    [InlineData(0x8B, 0x1_0000_0000UL)]     // microcode revision 1
    [InlineData(0x1A0, 1UL)]                // fast strings
    public void Constants(int index, ulong value)
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Cpu.GetMsr((uint)index).Should().Be(value);
    }

    [Theory]
    [InlineData(0x200, 0x1_0000_0006UL, true)]
    [InlineData(0x200, 0x0_0000_0002UL, false)] // no such type
    [InlineData(0x200, 0x0_0000_0100UL, false)]
    [InlineData(0x200, 0x100_0000_0000UL, false)] // beyond 40 bits
    [InlineData(0x20F, 0xFF_F000_0800UL, true)]
    [InlineData(0x20F, 0x400UL, false)]
    [InlineData(0x250, 0x0606_0505_0404_0100UL, true)]
    [InlineData(0x26F, 0x0606_0606_0606_0607UL, false)]
    [InlineData(0x2FF, 0xC06UL, true)]
    [InlineData(0x2FF, 0x1000UL, false)]
    [InlineData(0x210, 0UL, false)]
    [InlineData(0x251, 0UL, false)]
    [InlineData(0xFE, 0x508UL, false)]
    [InlineData(0x17A, 7UL, true)]
    [InlineData(0x17A, 8UL, false)]
    [InlineData(0x17, 0UL, false)]
    public void Write_IsKeptOrRefused(int index, ulong value, bool taken)
    {
        using TestMachine machine = TestMachine.Protected();
        Action write = () => machine.Cpu.SetMsr((uint)index, value);
        if (taken)
        {
            write();
            machine.Cpu.GetMsr((uint)index).Should().Be(value);
        }
        else
        {
            write.Should().Throw<KvmException>();
        }
    }

    [Fact]
    public void VariableRanges_AreSixteenRegistersOfTheirOwn()
    {
        using TestMachine machine = TestMachine.Protected();
        for (uint i = 0; i < 16; i++)
        {
            machine.Cpu.SetMsr(0x200 + i, (ulong)(i + 1) << 12);
        }

        Enumerable.Range(0, 16).Select(i => machine.Cpu.GetMsr(0x200 + (uint)i) >> 12).Should().Equal(Enumerable.Range(1, 16).Select(i => (ulong)i));
    }

    [Fact]
    public void OldModel_HasNone()
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Cpu.Cpuid = CpuModel.Intel486.Cpuid;
        foreach (uint index in new uint[] { 0xFE, 0x200, 0x250, 0x2FF, 0x179, 0x17A })
        {
            machine.Cpu.Invoking(c => c.GetMsr(index)).Should().Throw<KvmException>();
        }
    }
}
