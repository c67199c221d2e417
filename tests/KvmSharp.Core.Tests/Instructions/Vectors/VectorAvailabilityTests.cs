using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Tests.Doubles;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;
using Vector = KvmSharp.Cpu.Vector;

namespace KvmSharp.Tests.Instructions.Vectors;

public class VectorAvailabilityTests
{
    private const ulong VectorsOn = Cr4.OsFxsr | Cr4.OsXmmExceptions;
    private const uint Data = 0x4_0000;

    [Fact]
    public void Sse_WithoutOsfxsr_IsUndefined() => Fault(0, 0, c => c.addps(xmm0, xmm1)).Should().Be(Vector.InvalidOpcode);

    [Fact]
    public void Mmx_WithoutOsfxsr_Runs() => Fault(0, 0, c => c.paddb(mm0, mm1)).Should().BeNull();

    [Fact]
    public void Sse_WithEmulation_IsUndefinedEvenWhenTaskSwitched() =>
        Fault(Cr0.Emulation | Cr0.TaskSwitched, VectorsOn, c => c.addps(xmm0, xmm1)).Should().Be(Vector.InvalidOpcode);

    [Fact]
    public void Mmx_WithEmulation_IsUndefined() => Fault(Cr0.Emulation, VectorsOn, c => c.paddb(mm0, mm1)).Should().Be(Vector.InvalidOpcode);

    [Fact]
    public void Vectors_WithTaskSwitched_AreNotAvailable()
    {
        Fault(Cr0.TaskSwitched, VectorsOn, c => c.addps(xmm0, xmm1)).Should().Be(Vector.DeviceNotAvailable);
        Fault(Cr0.TaskSwitched, VectorsOn, c => c.emms()).Should().Be(Vector.DeviceNotAvailable);
        Fault(Cr0.TaskSwitched, VectorsOn, c => c.fxsave(__[Data])).Should().Be(Vector.DeviceNotAvailable);
    }

    [Fact]
    public void GeneralExtensions_WithEmulation_Run() => Fault(Cr0.Emulation, 0, c =>
    {
        c.popcnt(eax, ecx);
        c.crc32(eax, ecx);
        c.lfence();
        c.movnti(__dword_ptr[Data], eax);
    }).Should().BeNull();

    [Theory]
    [InlineData(0, null)]
    [InlineData(8, Vector.GeneralProtection)]
    public void Aligned_Operand_DemandsAMultipleOf16(uint distance, object? expected)
    {
        Fault(0, VectorsOn, c => c.addps(xmm0, __xmmword_ptr[Data + distance])).Should().Be((Vector?)expected);
        Fault(0, VectorsOn, c => c.movaps(__xmmword_ptr[Data + distance], xmm0)).Should().Be((Vector?)expected);
        Fault(0, VectorsOn, c => c.movups(__xmmword_ptr[Data + distance], xmm0)).Should().BeNull();
        Fault(0, VectorsOn, c => c.addsd(xmm0, __qword_ptr[Data + distance])).Should().BeNull();
    }

    [Theory]
    [InlineData(Cr4.OsFxsr | Cr4.OsXmmExceptions, Vector.SimdFloatingPoint)]
    [InlineData(Cr4.OsFxsr, Vector.InvalidOpcode)]
    public void UnmaskedException_ByOsxmmexcpt_IsXmOrUd(ulong cr4, object expected)
    {
        using var guest = new ProtectedGuest();
        guest.Special = guest.Special with { Cr4 = cr4 };
        guest.Vm.Memory.Write(Data, Mxcsr & ~0x200u); // #Z unmasked
        int vector = guest.RunToHandler(c =>
        {
            c.ldmxcsr(__dword_ptr[Data]);
            c.mov(__dword_ptr[Data + 16], 0x3F80_0000);
            c.movss(xmm0, __dword_ptr[Data + 16]);
            c.xorps(xmm1, xmm1);
            c.divss(xmm0, xmm1);
        });
        ((Vector)vector).Should().Be((Vector)expected);
        ref VectorState state = ref State(guest);
        state.Mxcsr.Should().Be((Mxcsr & ~0x200u) | 4);
        System.Runtime.Intrinsics.Vector128.AsUInt32(state.Registers[0])[0].Should().Be(0x3F80_0000);
    }

    [Fact]
    public void Ldmxcsr_ReservedBit_IsGeneralProtection()
    {
        using var guest = new ProtectedGuest();
        guest.Special = guest.Special with { Cr4 = VectorsOn };
        guest.Vm.Memory.Write(Data, 0x1_0000u);
        guest.RunToHandler(c => c.ldmxcsr(__dword_ptr[Data])).Should().Be((int)Vector.GeneralProtection);
    }

    [Fact]
    public void Model_WithoutFeatures_RefusesInstructionsAndControlBits()
    {
        using var guest = new ProtectedGuest();
        guest.Cpu.Engine.Cpuid = OlderModels.PentiumPro;
        guest.RunToHandler(c => c.popcnt(eax, ecx)).Should().Be((int)Vector.InvalidOpcode);

        using var other = new ProtectedGuest();
        other.Cpu.Engine.Cpuid = OlderModels.PentiumPro;
        other.RunToHandler(c =>
        {
            c.mov(eax, (uint)Cr4.OsFxsr);
            c.mov(cr4, eax);
        }).Should().Be((int)Vector.GeneralProtection);
    }

    [Theory]
    [InlineData(false, 3u)]
    [InlineData(true, 28u)]
    public void Lzcnt_ByModel_CountsOrIsBsr(bool offered, uint expected)
    {
        using var guest = new ProtectedGuest();
        guest.Cpu.Engine.Cpuid = offered ? CpuModel.Max.Cpuid : OlderModels.PentiumPro;
        guest.Run(c =>
        {
            c.mov(ecx, 8);
            c.lzcnt(eax, ecx);
            c.hlt();
        });
        guest.Registers.Rax.Should().Be(expected);
    }

    private const uint Mxcsr = 0x1F80;

    private static unsafe ref VectorState State(ProtectedGuest guest) => ref guest.Cpu.Engine.Cpu->State.Vector;

    private static Vector? Fault(ulong cr0, ulong cr4, Action<Assembler> code)
    {
        using var guest = new ProtectedGuest();
        guest.Special = guest.Special with { Cr0 = guest.Special.Cr0 | cr0, Cr4 = cr4 };
        VmExit exit = guest.Run(c =>
        {
            code(c);
            c.hlt();
        });
        exit.Reason.Should().Be(VmExitReason.Hlt);
        ulong rip = guest.Registers.Rip;
        return rip >= ProtectedGuest.Code ? null : (Vector)((rip - 1 - ProtectedGuest.Handlers) / 16);
    }
}
