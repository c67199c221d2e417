using Iced.Intel;
using KvmSharp.Operations.FloatingPoint;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions.FloatingPoint;

public class FpuStackTests
{
    private static readonly UInt128 One = new(0x3FFF, Float80.IntegerBit);
    private static readonly UInt128 Indefinite = new(0xFFFF, 0xC000_0000_0000_0000);

    [Fact]
    public void Load_NineTimes_OverflowsTheStack()
    {
        FpuState state = Run(9, c =>
        {
            for (int i = 0; i < 9; i++)
            {
                c.fld1();
            }
        });
        state.Fpr[0].Should().Be(Indefinite);
        state.Fpr[1].Should().Be(One);
        (state.Fsw & 0xFF).Should().Be(X87Status.Invalid | X87Status.StackFault);
        (state.Fsw & X87Status.C1).Should().NotBe(0);
    }

    [Fact]
    public void Add_EmptyRegister_UnderflowsTheStack()
    {
        FpuState state = Run(2, c =>
        {
            c.fld1();
            c.fadd(st0, st3);
        });
        state.Fpr[0].Should().Be(Indefinite);
        state.Fsw.Should().Be(X87Status.Invalid | X87Status.StackFault | (7 << X87Status.TopShift));
    }

    [Fact]
    public void Add_UnmaskedStackFault_ChangesNoRegister()
    {
        FpuState state = Run(1, c => c.fadd(st0, st1), control: 0x037E);
        state.Ftwx.Should().Be(0);
        state.Fsw.Should().Be(X87Status.Invalid | X87Status.StackFault | X87Status.ErrorSummary | X87Status.Busy);
        state.LastOpcode.Should().Be(0x0C1);
    }

    [Fact]
    public void SaveAndRestore_FullStack_BringsEverythingBack()
    {
        FpuState before = Run(3, c =>
        {
            c.fldpi();
            c.fldl2e();
            c.fldz();
        });
        FpuState after = Run(5, c =>
        {
            c.fldpi();
            c.fldl2e();
            c.fldz();
            c.fnsave(__dword_ptr[Guest.Data]);
            c.frstor(__dword_ptr[Guest.Data]);
        });
        (after with { LastIp = before.LastIp }).Should().Be(before);
    }

    [Fact]
    public void StoreEnvironment_TwoLoads_HasPointerAndFullTags()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.fldz();
            c.fldl2e();
            c.fnstenv(__dword_ptr[Guest.Data]);
        });
        guest.Cpu.SetFpuState(guest.Cpu.GetFpuState() with { Fcw = 0x037E, Ftwx = 0 });
        guest.Run(3).Vector.Should().BeNull();
        guest.Memory.Read<ushort>(Guest.Data).Should().Be(0x037E);
        guest.Memory.Read<ushort>(Guest.Data + 4).Should().Be(6 << X87Status.TopShift);
        guest.Memory.Read<ushort>(Guest.Data + 8).Should().Be(0x4FFF); // register 7 zero, 6 valid, the others empty
        guest.Memory.Read<uint>(Guest.Data + 12).Should().Be(Guest.Code + 2); // FLDL2E
        guest.Cpu.GetFpuState().Fcw.Should().Be(0x037F, "FNSTENV masks all exceptions");
    }

    [Fact]
    public void FpuState_SetAndGet_IsTheSame()
    {
        var registers = default(FpuRegisters);
        var vectors = default(XmmRegisters);
        registers[3] = new UInt128(0x4001, 0xA000_0000_0000_0000);
        vectors[15] = UInt128.MaxValue;
        var state = new FpuState
        {
            Fpr = registers,
            Fcw = 0x027F,
            Fsw = 5 << X87Status.TopShift,
            Ftwx = 0xE0,
            LastOpcode = 0x123,
            LastIp = 0x1234,
            LastDp = 0x5678,
            Xmm = vectors,
            Mxcsr = 0x1FA0,
        };
        using Guest guest = Guest.Flat(c => c.fincstp());
        guest.Cpu.SetFpuState(state);
        guest.Cpu.GetFpuState().Should().Be(state);
        guest.Run();
        guest.Cpu.GetFpuState().Fpr[2].Should().Be(registers[3], "ST(3) is ST(2) when TOP has moved");
    }

    private static FpuState Run(ulong count, Action<Assembler> code, ushort control = 0x037F)
    {
        using Guest guest = Guest.Flat(code);
        guest.Cpu.SetFpuState(new FpuState { Fcw = control, Mxcsr = 0x1F80 });
        guest.Run(count).Vector.Should().BeNull();
        return guest.Cpu.GetFpuState();
    }
}
