using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Operations.FloatingPoint;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;
using Vector = KvmSharp.Cpu.Vector;

namespace KvmSharp.Tests.Instructions.Vectors;

public unsafe class StateSavingTests
{
    private const uint Area = 0x4_0000;
    private const ulong On = Cr4.OsFxsr | Cr4.OsXmmExceptions | Cr4.OsXsave;

    [Fact]
    public void Fxrstor_AfterFxsave_RestoresEverything()
    {
        using ProtectedGuest guest = Make();
        ref CpuState state = ref guest.Cpu.Engine.Cpu->State;
        Disturb(ref state);
        CpuState saved = state;
        guest.Run(c =>
        {
            c.fxsave(__[Area]);
            c.pxor(xmm3, xmm3);
            c.emms();
            c.fxrstor(__[Area]);
            c.hlt();
        });
        Same(state, saved);
    }

    [Fact]
    public void Fxsave_Area_KeepsTheBytesOfSoftware()
    {
        using ProtectedGuest guest = Make();
        guest.Vm.Memory.Write(Area + 464, 0x1122_3344_5566_7788UL);
        guest.Run(c =>
        {
            c.fxsave(__[Area]);
            c.hlt();
        });
        guest.Vm.Memory.Read<ulong>(Area + 464).Should().Be(0x1122_3344_5566_7788);
        guest.Vm.Memory.Read<uint>(Area + 28).Should().Be(0xFFFF); // MXCSR_MASK
    }

    [Fact]
    public void Xrstor_AfterXsave_RestoresEverything()
    {
        using ProtectedGuest guest = Make();
        ref CpuState state = ref guest.Cpu.Engine.Cpu->State;
        Disturb(ref state);
        CpuState saved = state;
        guest.Run(c =>
        {
            EnableAll(c);
            c.mov(eax, 3);
            c.xsave(__[Area]);
            c.pxor(xmm3, xmm3);
            c.emms();
            c.xrstor(__[Area]);
            c.xgetbv();
            c.hlt();
        });
        Same(state, saved);
        guest.Registers.Rax.Should().Be(3);
        guest.Vm.Memory.Read<ulong>(Area + 512).Should().Be(3);
    }

    [Fact]
    public void Xrstor_StateNotPresent_TakesItsInitialValue()
    {
        using ProtectedGuest guest = Make();
        ref CpuState state = ref guest.Cpu.Engine.Cpu->State;
        Disturb(ref state);
        guest.Vm.Memory.Write(Area + 24, 0x1F80u);
        guest.Run(c =>
        {
            EnableAll(c);
            c.mov(eax, 3);
            c.xrstor(__[Area]);
            c.hlt();
        });
        state.Vector.Registers[3].Should().Be(Vector128<byte>.Zero);
        (state.X87.ControlWord, state.X87.NotEmpty).Should().Be((0x37F, 0));
    }

    [Theory]
    [InlineData(512, 4ul)] // XSTATE_BV names state that is not enabled
    [InlineData(520, 1ul << 63)] // XCOMP_BV: compacted
    [InlineData(24, 0x1_0000ul)] // MXCSR
    public void Xrstor_BadArea_IsGeneralProtection(uint offset, ulong value)
    {
        using ProtectedGuest guest = Make();
        guest.Vm.Memory.Write(Area + offset, value);
        guest.RunToHandler(c =>
        {
            EnableAll(c);
            c.xrstor(__[Area]);
        }).Should().Be((int)Vector.GeneralProtection);
    }

    [Fact]
    public void Xsave_Misaligned_IsGeneralProtection()
    {
        using ProtectedGuest guest = Make();
        guest.RunToHandler(c => c.xsave(__[Area + 16])).Should().Be((int)Vector.GeneralProtection);
    }

    [Fact]
    public void Xgetbv_WithoutOsxsave_IsUndefined()
    {
        using ProtectedGuest guest = Make();
        guest.Special = guest.Special with { Cr4 = Cr4.OsFxsr };
        guest.RunToHandler(c => c.xgetbv()).Should().Be((int)Vector.InvalidOpcode);
    }

    [Fact]
    public void Xsetbv_WithoutX87_IsGeneralProtection()
    {
        using ProtectedGuest guest = Make();
        guest.RunToHandler(c =>
        {
            c.xor(ecx, ecx);
            c.xor(edx, edx);
            c.mov(eax, 2);
            c.xsetbv();
        }).Should().Be((int)Vector.GeneralProtection);
    }

    private static ProtectedGuest Make()
    {
        var guest = new ProtectedGuest();
        guest.Special = guest.Special with { Cr4 = On };
        return guest;
    }

    private static void EnableAll(Iced.Intel.Assembler c)
    {
        c.xor(ecx, ecx);
        c.xor(edx, edx);
        c.mov(eax, 3);
        c.xsetbv();
    }

    private static void Disturb(ref CpuState state)
    {
        state.X87.ControlWord = 0x27F;
        state.X87.StatusWord = 5 << 11;
        state.X87.NotEmpty = 0x81;
        state.Vector.Mxcsr = 0x3FA1;
        for (int i = 0; i < 8; i++)
        {
            state.X87.Registers[i] = new Float80 { Significand = 0x8000_0000_0000_0000 + (ulong)i, SignExponent = (ushort)(0x3FFF + i) };
            state.Vector.Registers[i] = Vector128.Create((byte)(0x11 * i));
        }
    }

    private static void Same(in CpuState actual, in CpuState expected)
    {
        (actual.X87.ControlWord, actual.X87.StatusWord, actual.X87.NotEmpty, actual.Vector.Mxcsr)
            .Should().Be((expected.X87.ControlWord, expected.X87.StatusWord, expected.X87.NotEmpty, expected.Vector.Mxcsr));
        for (int i = 0; i < 8; i++)
        {
            actual.Vector.Registers[i].Should().Be(expected.Vector.Registers[i]);
            (actual.X87.Registers[i].Significand, actual.X87.Registers[i].SignExponent)
                .Should().Be((expected.X87.Registers[i].Significand, expected.X87.Registers[i].SignExponent));
        }
    }
}
