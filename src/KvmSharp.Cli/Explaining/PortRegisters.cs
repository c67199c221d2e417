namespace KvmSharp.Cli;

/// <summary>What lies at the ports of the PC: chip, register, and the register's fields.</summary>
/// <remarks>Ports as in <see cref="Machines.PcLayout"/>; registers and fields as in the chips' datasheets.</remarks>
internal static class PortRegisters
{
    private const string Serial = "COM1 (16550 UART)";
    private const string Master = "master interrupt controller (8259A)";
    private const string Slave = "slave interrupt controller (8259A)";
    private const string Timer = "interval timer (8254)";
    private const string Keyboard = "keyboard controller (8042)";
    private const string Ide = "first IDE channel";
    private const string Ide2 = "second IDE channel";
    private const string Vga = "VGA";
    private const string Power = "power management (PIIX4)";
    private const string IdeStatus = "7:BSY 6:DRDY 5:DF 4:DSC 3:DRQ 2:CORR 1:IDX 0:ERR";

    // A register that is another one when it is written stands twice; an empty set of fields means a plain number.
    private static readonly PortRegister[] Table =
    [
        new(0x00, 0x0F, null, "DMA controller of channels 0 to 3 (8237)", "a channel or command register", string.Empty),
        new(0x20, 0x20, ExitDirection.Write, Master, "ICW1 (bit 4 set), OCW2 or OCW3 (bit 3 set); 20h is a non-specific EOI", "7:rotate 6:specific 5:EOI 4:ICW1 3:OCW3 2-0:level"),
        new(0x20, 0x20, ExitDirection.Read, Master, "IRR or ISR, one bit for each line", string.Empty),
        new(0x21, 0x21, null, Master, "IMR (OCW1): set bits mask lines 0 to 7; ICW2 to ICW4 behind ICW1", "7:IRQ7 6:IRQ6 5:IRQ5 4:IRQ4 3:IRQ3 2:cascade 1:IRQ1 0:IRQ0"),
        new(0x40, 0x42, null, Timer, "counter {0}, low or high byte as the control word says", string.Empty),
        new(0x43, 0x43, null, Timer, "control word", "7-6:counter 5-4:access 3-1:mode 0:BCD"),
        new(0x60, 0x60, null, Keyboard, "data: a scan code, an answer or a parameter", string.Empty),
        new(0x61, 0x61, null, "system control port B", "speaker and counter 2", "7:parity_error 6:channel_error 5:counter_2_output 4:refresh 3:channel_check_off 2:parity_check_off 1:speaker 0:counter_2_gate"),
        new(0x64, 0x64, ExitDirection.Read, Keyboard, "status", "7:parity_error 6:time-out 5:mouse_data 4:unlocked 3:command 2:system 1:input_full 0:output_full"),
        new(0x64, 0x64, ExitDirection.Write, Keyboard, "command; FEh pulses the reset line, D1h writes the output port", string.Empty),
        new(0x70, 0x70, null, "clock and CMOS (MC146818)", "index", "7:NMI_off 6-0:register"),
        new(0x71, 0x71, null, "clock and CMOS (MC146818)", "data of the register that port 70h chose", string.Empty),
        new(0x80, 0x80, null, "diagnostic port", "POST code; written also to wait about a microsecond", string.Empty),
        new(0x81, 0x8F, null, "DMA page registers", "address bits 16 to 23 of a channel", string.Empty),
        new(0x92, 0x92, null, "system control port A", "fast A20 and reset", "1:A20 0:reset"),
        new(0xA0, 0xA0, ExitDirection.Write, Slave, "ICW1 (bit 4 set), OCW2 or OCW3 (bit 3 set); 20h is a non-specific EOI", "7:rotate 6:specific 5:EOI 4:ICW1 3:OCW3 2-0:level"),
        new(0xA0, 0xA0, ExitDirection.Read, Slave, "IRR or ISR, one bit for each line", string.Empty),
        new(0xA1, 0xA1, null, Slave, "IMR (OCW1): set bits mask lines 8 to 15; ICW2 to ICW4 behind ICW1", "7:IRQ15 6:IRQ14 5:IRQ13 4:IRQ12 3:IRQ11 2:IRQ10 1:IRQ9 0:IRQ8"),
        new(0xB2, 0xB2, null, Power, "APM command, by which ACPI is switched on", string.Empty),
        new(0xC0, 0xDF, null, "DMA controller of channels 4 to 7 (8237)", "a channel or command register", string.Empty),
        new(0xE9, 0xE9, null, "debug console", "a byte for the host; reads E9h where there is one", string.Empty),
        new(0xF0, 0xF1, null, "coprocessor error latch", "clears FERR's interrupt request", string.Empty),
        new(0xF4, 0xF7, null, "debug-exit device", "ends the run with status (value << 1) | 1", string.Empty),
        new(0x170, 0x170, null, Ide2, "data", string.Empty),
        new(0x171, 0x176, null, Ide2, "task file register {0}", string.Empty),
        new(0x177, 0x177, ExitDirection.Read, Ide2, "status", IdeStatus),
        new(0x177, 0x177, ExitDirection.Write, Ide2, "command", string.Empty),
        new(0x1CE, 0x1CF, null, "display interface of Bochs", "index (1CEh) or data (1CFh)", string.Empty),
        new(0x1F0, 0x1F0, null, Ide, "data", string.Empty),
        new(0x1F1, 0x1F1, null, Ide, "error when read, features when written", string.Empty),
        new(0x1F2, 0x1F2, null, Ide, "sector count", string.Empty),
        new(0x1F3, 0x1F5, null, Ide, "LBA byte {0}", string.Empty),
        new(0x1F6, 0x1F6, null, Ide, "device", "6:LBA 4:second_device 3-0:LBA_27-24"),
        new(0x1F7, 0x1F7, ExitDirection.Read, Ide, "status", IdeStatus),
        new(0x1F7, 0x1F7, ExitDirection.Write, Ide, "command: 20h reads, 30h writes sectors, ECh identifies", string.Empty),
        new(0x376, 0x376, null, Ide2, "alternate status when read, device control when written", string.Empty),
        new(0x3B0, 0x3BF, null, Vga, "CRT controller and status in monochrome", string.Empty),
        new(0x3C0, 0x3C1, null, Vga, "attribute controller: index, then data", string.Empty),
        new(0x3C4, 0x3C5, null, Vga, "sequencer: index (3C4h) or data", string.Empty),
        new(0x3C6, 0x3C9, null, Vga, "palette: mask, read index, write index, data", string.Empty),
        new(0x3CE, 0x3CF, null, Vga, "graphics controller: index (3CEh) or data", string.Empty),
        new(0x3D4, 0x3D5, null, Vga, "CRT controller: index (3D4h) or data", string.Empty),
        new(0x3DA, 0x3DA, ExitDirection.Read, Vga, "input status 1", "3:vertical_retrace 0:display_off"),
        new(0x3C2, 0x3DF, null, Vga, "another register", string.Empty),
        new(0x3F6, 0x3F6, null, Ide, "alternate status when read, device control when written", "2:reset 1:interrupts_off"),
        new(0x3F0, 0x3F7, null, "floppy controller", "register {0}", string.Empty),
        new(0x3F8, 0x3F8, ExitDirection.Write, Serial, "THR, the byte to send (divisor's low byte while DLAB is set)", string.Empty),
        new(0x3F8, 0x3F8, ExitDirection.Read, Serial, "RBR, the byte received (divisor's low byte while DLAB is set)", string.Empty),
        new(0x3F9, 0x3F9, null, Serial, "IER, the interrupts that are on (divisor's high byte while DLAB is set)", "3:modem_status 2:line_status 1:transmitter_empty 0:received_data"),
        new(0x3FA, 0x3FA, ExitDirection.Read, Serial, "IIR, which interrupt is due", "7-6:FIFOs 3-1:cause 0:none_pending"),
        new(0x3FA, 0x3FA, ExitDirection.Write, Serial, "FCR, FIFO control", "7-6:trigger 3:DMA_mode 2:clear_transmitter 1:clear_receiver 0:enable"),
        new(0x3FB, 0x3FB, null, Serial, "LCR, line control", "7:DLAB 6:break 5-3:parity 2:two_stop_bits 1-0:length_less_5"),
        new(0x3FC, 0x3FC, null, Serial, "MCR, modem control", "4:loopback 3:OUT2 2:OUT1 1:RTS 0:DTR"),
        new(0x3FD, 0x3FD, null, Serial, "LSR, line status", "7:error_in_FIFO 6:transmitter_idle 5:THR_empty 4:break 3:framing_error 2:parity_error 1:overrun 0:data_ready"),
        new(0x3FE, 0x3FE, null, Serial, "MSR, modem status", "7:DCD 6:RI 5:DSR 4:CTS 3:DCD_changed 2:RI_ended 1:DSR_changed 0:CTS_changed"),
        new(0x3FF, 0x3FF, null, Serial, "SCR, scratch", string.Empty),
        new(0x402, 0x402, null, "firmware's debug port", "a byte of the firmware's log", string.Empty),
        new(0x4D0, 0x4D1, null, "edge/level control", "set bits make lines level-triggered", string.Empty),
        new(0x510, 0x51B, null, "firmware configuration (fw_cfg)", "510h selector, 511h data, 514h DMA", string.Empty),
        new(0x600, 0x601, null, Power, "PM1 status", "15:wake 8:power_button 5:global 0:timer"),
        new(0x602, 0x603, null, Power, "PM1 enable", "8:power_button 5:global 0:timer"),
        new(0x604, 0x605, null, Power, "PM1 control; SLP_EN with sleep type 0 powers off", "13:SLP_EN 12-10:sleep_type 0:SCI_EN"),
        new(0x608, 0x60B, null, Power, "PM timer, 3.579545 MHz", string.Empty),
        new(0x600, 0x63F, null, Power, "register {0}", string.Empty),
        new(0x880, 0x883, null, "our firmware", "a call of managed code", string.Empty),
        new(0xAFE0, 0xAFE3, null, Power, "general purpose events", string.Empty),
        new(0xCF8, 0xCFB, null, "PCI configuration", "address", "31:enable 23-16:bus 15-11:device 10-8:function 7-0:register"),
        new(0xCF9, 0xCF9, null, "PCI host", "reset control; 06h resets at once", "2:reset 1:full"),
        new(0xCFC, 0xCFF, null, "PCI configuration", "data of the register that CF8h names", string.Empty),
        new(0xC000, 0xFFFF, null, "PCI", "a window of a function: see its BARs", string.Empty),
    ];

    /// <summary>Finds the register of an access.</summary>
    public static PortRegister? Find(ulong port, ExitDirection direction) =>
        Array.Find(Table, r => port >= r.First && port <= r.Last && (r.Direction is null || r.Direction == direction));
}

/// <summary>A register, or several that are alike.</summary>
/// <param name="First">The first port.</param>
/// <param name="Last">The last port.</param>
/// <param name="Direction">When it is another register for the other direction.</param>
/// <param name="Device">The chip.</param>
/// <param name="Name">The register; {0} stands for the distance from the first port.</param>
/// <param name="Fields">See <see cref="RegisterFields"/>.</param>
internal sealed record PortRegister(ushort First, ushort Last, ExitDirection? Direction, string Device, string Name, string Fields)
{
    public string NameAt(ulong port) => Name.Replace("{0}", $"{port - First}", StringComparison.Ordinal);
}
