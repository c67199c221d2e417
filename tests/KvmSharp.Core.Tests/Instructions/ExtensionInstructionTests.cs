using Iced.Intel;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public class ExtensionInstructionTests
{
    private const uint Carry = 1, Zero = 0x40, Sign = 0x80;
    private const uint Data = 0x4_0000;

    [Theory]
    [InlineData(0xF0F0_1234u, 0xFFFF_00FFu, 0x0F0F_00CBu, 0u)]
    [InlineData(0xFFFF_FFFFu, 0x1234u, 0u, Zero)]
    public void Andn_RegisterAndMemory_InvertsTheFirst(uint first, uint second, uint expected, uint flags)
    {
        Run(first, second, c => c.andn(eax, ecx, edx)).Should().Be((expected, flags));
        Run(first, second, c => c.andn(eax, ecx, __dword_ptr[Data])).Should().Be((expected, flags));
    }

    [Theory]
    [InlineData(0xABCD_1234u, 0x0804u, 0x23u, 0u)]
    [InlineData(0xABCD_1234u, 0xFF00u, 0xABCD_1234u, 0u)] // longer than the operand
    [InlineData(0xABCD_1234u, 0x0820u, 0u, Zero)] // starts behind it
    [InlineData(0xABCD_1234u, 0x0000u, 0u, Zero)]
    public void Bextr_StartAndLength_CutTheField(uint value, uint control, uint expected, uint flags)
    {
        (uint result, uint actual) = Run(value, control, c => c.bextr(eax, ecx, edx));
        (result, actual & (Zero | Carry)).Should().Be((expected, flags));
        Run(control, value, c => c.bextr(eax, __dword_ptr[Data], ecx)).Result.Should().Be(expected);
    }

    [Theory]
    [InlineData(0b1011_1000u)]
    [InlineData(0x8000_0000u)]
    [InlineData(0u)]
    public void LowestBit_Instructions_IsolateMaskAndClear(uint value)
    {
        uint lowest = value & (0 - value);
        Run(0, value, c => c.blsi(eax, edx)).Should().Be((lowest, Flags(lowest, carry: value != 0)));
        Run(0, value, c => c.blsmsk(eax, edx)).Should().Be((value ^ (value - 1), Flags(value ^ (value - 1), carry: value == 0)));
        Run(0, value, c => c.blsr(eax, __dword_ptr[Data])).Should().Be((value - lowest, Flags(value - lowest, carry: value == 0)));
    }

    [Fact]
    public void Vex_InRealMode_IsUndefined()
    {
        using var guest = new ProtectedGuest();
        guest.Special = guest.Special with { Cr0 = 0x10, Idt = new DescriptorTable(0, 0x3FF) };
        guest.Vm.Memory.Write(6 * 4, 0x0000_9100u); // IVT entry of #UD: 0:9100h
        guest.Vm.Memory.Write(0x9100, (byte)0xF4);
        guest.Run(c => c.andn(eax, ecx, edx));
        guest.Registers.Rip.Should().Be(0x9101);
    }

    [Fact]
    public void Movbe_BothWays_ReversesBytes()
    {
        Run(0, 0x1122_3344, c => c.movbe(eax, __dword_ptr[Data])).Result.Should().Be(0x4433_2211);
        Run(0x1122_3344, 0, c =>
        {
            c.movbe(__word_ptr[Data], cx);
            c.mov(eax, __dword_ptr[Data]);
        }).Result.Should().Be(0x4433);
    }

    [Fact]
    public void CarryChains_BothFlags_RunSideBySide()
    {
        (uint result, uint flags) = Run(0xFFFF_FFFF, 1, c =>
        {
            c.xor(eax, eax); // CF = OF = 0
            c.adcx(ecx, edx); // CF = 1
            c.adox(eax, edx); // OF = 0
            c.adcx(eax, eax); // 1 + 1 + CF
        });
        result.Should().Be(3);
        (flags & Carry).Should().Be(0);
    }

    [Fact]
    public void Rdtscp_Processor_ComesFromTscAux()
    {
        using var guest = new ProtectedGuest();
        guest.Run(c =>
        {
            c.mov(ecx, 0xC000_0103);
            c.mov(eax, 77);
            c.xor(edx, edx);
            c.wrmsr();
            c.rdtscp();
            c.hlt();
        });
        guest.Registers.Rcx.Should().Be(77);
    }

    private static uint Flags(uint result, bool carry) =>
        (carry ? Carry : 0) | (result == 0 ? Zero : 0) | ((int)result < 0 ? Sign : 0);

    // ECX holds the first operand, EDX and memory the second; the result is EAX with CF, ZF and SF.
    private static (uint Result, uint Flags) Run(uint first, uint second, Action<Assembler> code)
    {
        using var guest = new ProtectedGuest();
        guest.Vm.Memory.Write(Data, second);
        guest.Cpu.SetRegisters(guest.Registers with { Rcx = first, Rdx = second });
        VmExit exit = guest.Run(c =>
        {
            code(c);
            c.hlt();
        });
        exit.Reason.Should().Be(VmExitReason.Hlt);
        GeneralRegisters registers = guest.Registers;
        registers.Rip.Should().BeGreaterThan(ProtectedGuest.Code, "no fault is expected");
        return ((uint)registers.Rax, (uint)registers.Rflags & (Carry | Zero | Sign));
    }
}
