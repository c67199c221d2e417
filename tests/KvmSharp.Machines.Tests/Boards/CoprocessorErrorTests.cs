namespace KvmSharp.Machines.Tests;

/// <summary>An x87 exception of a guest with CR0.NE = 0, all the way: FERR, IRQ 13, the handler's write to F0h, IGNNE, and on.</summary>
public class CoprocessorErrorTests
{
    private const int HandlerOffset = 0x80; // 7C80h
    private const int ControlWordOffset = 0xC0;
    private const ulong NumericError = 1 << 5;

    private static readonly byte[] SetUp =
    [
        0xFA, 0x31, 0xC0, 0x8E, 0xD8,                         // cli; xor ax,ax; mov ds,ax
        0xC7, 0x06, 0xD4, 0x01, 0x80, 0x7C,                   // mov word [75h * 4],7C80h
        0xC7, 0x06, 0xD6, 0x01, 0x00, 0x00,                   // mov word [75h * 4 + 2],0
        0xB0, 0x11, 0xE6, 0x20, 0xE6, 0xA0,                   // ICW1
        0xB0, 0x08, 0xE6, 0x21, 0xB0, 0x70, 0xE6, 0xA1,       // ICW2: vectors 08h and 70h
        0xB0, 0x04, 0xE6, 0x21, 0xB0, 0x02, 0xE6, 0xA1,       // ICW3
        0xB0, 0x01, 0xE6, 0x21, 0xE6, 0xA1,                   // ICW4
        0xB0, 0xFB, 0xE6, 0x21, 0xB0, 0xDF, 0xE6, 0xA1,       // IRQ 2 and IRQ 13 only
        0xDB, 0xE3, 0xD9, 0x2E, 0xC0, 0x7C, 0xFB,             // fninit; fldcw [7CC0h]; sti
    ];

    // fld1; fldz; fdivp st1,st0; wait: 1/0, and the processor notices
    private static readonly byte[] Divide = [0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9, 0x9B];

    // inc bx; out F0h,al; fldpi; fnclex; mov al,20h; out A0h,al; out 20h,al; iret
    private static readonly byte[] Handler = [0x43, 0xE6, 0xF0, 0xD9, 0xEB, 0xDB, 0xE2, 0xB0, 0x20, 0xE6, 0xA0, 0xE6, 0x20, 0xCF];

    private static readonly byte[] HandlerWithoutF0 = [0x43, 0x90, 0x90, .. Handler.AsSpan(3)];

    [Fact]
    public void UnmaskedException_TakesIrq13AndGoesOn()
    {
        using PcMachine machine = Boot(Handler, [.. Divide, .. Divide, 0xB1, 0x01, 0xFA, 0xF4]); // mov cl,1; cli; hlt
        (machine.Vcpu.GetSpecialRegisters().Cr0 & NumericError).Should().Be(0);

        Run(machine).Reason.Should().Be(MachineStopReason.Halted);

        GeneralRegisters registers = machine.Vcpu.GetRegisters();
        ((byte)registers.Rcx, registers.Rbx).Should().Be((1, 2), "each exception interrupted once, and the program ended");
        FpuState fpu = machine.Vcpu.GetFpuState();
        (fpu.Fsw & 0xFF).Should().Be(0, "FNCLEX cleared the exception");
        fpu.Fpr[0].Should().Be(new UInt128(0x4000, 0xC90F_DAA2_2168_C235), "FLDPI of the handler went through: IGNNE was asserted");
    }

    [Fact]
    public void HandlerWithoutF0_StopsAtItsFirstWaitingInstruction()
    {
        using PcMachine machine = Boot(HandlerWithoutF0, [.. Divide, 0xFA, 0xF4]);
        machine.Run(new MachineRunOptions { MaxInstructions = 10_000 });
        GeneralRegisters registers = machine.Vcpu.GetRegisters();
        (registers.Rbx, registers.Rip).Should().Be((1UL, 0x7C83UL), "FLDPI waits for an interrupt that IF keeps out");
    }

    private static PcMachine Boot(byte[] handler, byte[] rest)
    {
        var code = new byte[ControlWordOffset + 2];
        byte[] main = [.. SetUp, .. rest];
        main.Length.Should().BeLessThanOrEqualTo(HandlerOffset);
        main.CopyTo(code, 0);
        handler.CopyTo(code, HandlerOffset);
        code[ControlWordOffset] = 0x7B; // 037Bh: all masked but division by zero
        code[ControlWordOffset + 1] = 0x03;
        return new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("test", code), Format = ImageFormat.Flat },
            MemoryBytes = 2 << 20,
            Deterministic = true,
        });
    }

    private static MachineStop Run(PcMachine machine) => machine.Run(new MachineRunOptions { MaxInstructions = 1_000_000 });
}
