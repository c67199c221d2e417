using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions.FloatingPoint;

public class FpuInstructionTests
{
    [Fact]
    public void DotProduct_Doubles_IsWhatTheHostComputes()
    {
        double[] a = [1.5, -2.25, 1e10, 3.0];
        double[] b = [4.0, 8.0, 0.5, 1.0 / 3];
        using Guest guest = Guest.Flat(c =>
        {
            c.fldz();
            for (uint i = 0; i < a.Length; i++)
            {
                c.fld(__qword_ptr[Guest.Data + (16 * i)]);
                c.fmul(__qword_ptr[Guest.Data + (16 * i) + 8]);
                c.faddp(st1, st0);
            }

            c.fstp(__qword_ptr[Guest.Data + 0x100]);
        });
        guest.Cpu.SetFpuState(new FpuState { Fcw = 0x037F });
        for (uint i = 0; i < a.Length; i++)
        {
            guest.Memory.Write(Guest.Data + (16 * i), a[i]);
            guest.Memory.Write(Guest.Data + (16 * i) + 8, b[i]);
        }

        guest.Run(14).Vector.Should().BeNull();
        guest.Memory.Read<double>(Guest.Data + 0x100).Should().Be(1.5 * 4 + (-2.25 * 8) + 5e9 + 1);
    }

    [Theory]
    [InlineData(0xC0, 0x01)] // FCMOVB, CF
    [InlineData(0xC8, 0x40)] // FCMOVE, ZF
    [InlineData(0xD8, 0x04)] // FCMOVU, PF
    public void ConditionalMove_Flag_DecidesAndTheNegatedFormIsOpposite(byte form, ulong flag)
    {
        foreach (byte opcode in new byte[] { 0xDA, 0xDB })
        {
            foreach (bool set in new[] { false, true })
            {
                using Guest guest = Guest.Flat(c => c.db(opcode, (byte)(form + 1)));
                var registers = default(FpuRegisters);
                registers[1] = new UInt128(0x3FFF, 1UL << 63);
                guest.Cpu.SetFpuState(new FpuState { Fcw = 0x037F, Ftwx = 3, Fpr = registers });
                guest.Registers = guest.Registers with { Rflags = 2 | (set ? flag : 0) };
                guest.Run();
                (guest.Cpu.GetFpuState().Fpr[0] != 0).Should().Be(set == (opcode == 0xDA));
            }
        }
    }

    [Theory]
    [InlineData(2.0, 1.0, 0x00)]
    [InlineData(1.0, 2.0, 0x01)]
    [InlineData(2.0, 2.0, 0x40)]
    [InlineData(double.NaN, 2.0, 0x45)]
    public void CompareIntoFlags_Relation_IsUnsignedOne(double top, double other, ulong flags)
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.fld(__qword_ptr[Guest.Data]);
            c.fld(__qword_ptr[Guest.Data + 8]);
            c.fucomip(st0, st1);
        });
        guest.Cpu.SetFpuState(new FpuState { Fcw = 0x037F });
        guest.Memory.Write(Guest.Data, other);
        guest.Memory.Write(Guest.Data + 8, top);
        guest.Registers = guest.Registers with { Rflags = 0x8D7 };
        guest.Run(3);
        (guest.Registers.Rflags & 0x8D5).Should().Be(flags);
        guest.Cpu.GetFpuState().Ftwx.Should().Be(0x80, "the comparison popped one");
    }

    [Fact]
    public void Store_PageFault_LeavesTheFpuAsItWas()
    {
        using Guest guest = Guest.Flat(c => c.fistp(__dword_ptr[0x40_0000]));
        var registers = default(FpuRegisters);
        registers[0] = new UInt128(0x3FFE, 1UL << 63); // one half: inexact as an integer
        guest.Cpu.SetFpuState(new FpuState { Fcw = 0x037F, Ftwx = 1, Fpr = registers });
        FpuState before = guest.Cpu.GetFpuState();
        guest.Run().Vector.Should().Be(14);
        guest.Cpu.GetFpuState().Should().Be(before);
    }

    [Fact]
    public void Examine_EmptyRegister_SaysSoAndGivesTheSign()
    {
        using Guest guest = Guest.Flat(c => c.fxam());
        var registers = default(FpuRegisters);
        registers[0] = new UInt128(0xBFFF, 1UL << 63);
        guest.Cpu.SetFpuState(new FpuState { Fcw = 0x037F, Fpr = registers });
        guest.Run();
        guest.Cpu.GetFpuState().Fsw.Should().Be(0x4300); // C3, C1, C0
    }
}
