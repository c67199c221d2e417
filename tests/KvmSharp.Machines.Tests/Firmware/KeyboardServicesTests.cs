namespace KvmSharp.Machines.Tests;

public class KeyboardServicesTests
{
    [Fact]
    public void Int16_KeysStored_ComeOutInOrder()
    {
        using var machine = new FirmwareMachine();
        machine.Call(0x16, 0x0100).Zero.Should().BeTrue("nothing was typed");
        Store(machine, 0x1E61).Should().Be(0);
        Store(machine, 0x48E0).Should().Be(0);
        CallRegisters peek = machine.Call(0x16, 0x0100);
        (peek.Zero, peek.Ax).Should().Be((false, 0x1E61));
        machine.Call(0x16, 0x0000).Ax.Should().Be(0x1E61);
        machine.Call(0x16, 0x1000).Ax.Should().Be(0x48E0, "function 10h knows the grey keys");
        machine.Call(0x16, 0x1100).Zero.Should().BeTrue();
    }

    [Theory]
    [InlineData(0x48E0, 0x4800)] // grey up
    [InlineData(0xE00D, 0x1C0D)] // keypad Enter
    [InlineData(0xE02F, 0x352F)] // keypad slash
    public void Int1600_KeysOfTheNewKeyboard_BecomeOldOnes(ushort stored, ushort taken)
    {
        using var machine = new FirmwareMachine();
        Store(machine, 0x8500); // F11 is unknown to function 00h
        Store(machine, stored);
        machine.Call(0x16, 0x0000).Ax.Should().Be(taken);
    }

    [Fact]
    public void Int1605_RingFull_SaysSo()
    {
        using var machine = new FirmwareMachine();
        for (int key = 0; key < 15; key++)
        {
            Store(machine, (ushort)(0x1E61 + key)).Should().Be(0);
        }

        Store(machine, 0x1E61).Should().Be(1);
    }

    [Fact]
    public void Int16_InputOnTheSerialConsole_AreKeys()
    {
        using var machine = new FirmwareMachine(input: "aA1\n\u001B[A\u001B[D");
        int[] keys = [.. Enumerable.Range(0, 6).Select(_ => (int)machine.Call(0x16, 0x1000).Ax)];
        keys.Should().Equal(0x1E61, 0x1E41, 0x0231, 0x1C0D, 0x48E0, 0x4BE0);
    }

    [Theory]
    [InlineData(0x1E61, "1E")] // a
    [InlineData(0x1E41, "2A1E")] // Shift a
    [InlineData(0x1E01, "1D1E")] // Ctrl a
    [InlineData(0x1E00, "381E")] // Alt a
    [InlineData(0x1E41, "3ABA1E")] // Caps Lock, then a
    [InlineData(0x0221, "3602")] // right Shift 1
    [InlineData(0x4700, "47")] // keypad 7 without Num Lock
    [InlineData(0x4737, "45C547")] // and with it
    [InlineData(0x48E0, "E048")] // grey up
    [InlineData(0x8500, "57")] // F11
    [InlineData(0x0041, "384D4CB8")] // Alt 6 5: the character by its number
    [InlineData(0x1E61, "2AAA1E")] // Shift released again
    public void Irq1_ScanCodes_BecomeAKey(int key, string scanCodes) => Type(Convert.FromHexString(scanCodes)).Should().Equal([key]);

    [Fact]
    public void Irq1_ReleasesAndPause_AreNoKeys() => Type([0x9E, 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5, 0x1E]).Should().Equal([0x1E61]);

    [Fact]
    public void Irq1_ThroughTheController_WakesAWaitingCaller()
    {
        // D2h puts a byte into the keyboard's buffer: the interrupt comes as from a key.
        byte[] code =
        [
            0xB0, 0xD2, 0xE6, 0x64, 0xB0, 0x1E, 0xE6, 0x60, // out 64h,D2h; out 60h,1Eh
            0xB4, 0x00, 0xCD, 0x16,                         // INT 16h/00h
            0xB4, 0x0E, 0xCD, 0x10,                         // INT 10h/0Eh
            0xFA, 0xF4,
        ];
        (MachineStop stop, string serial) = FirmwareMachine.Boot([.. FirmwareMachine.Sector(code), .. new byte[512]]);
        (stop.Reason, serial).Should().Be((MachineStopReason.Halted, "a"));
    }

    [Fact]
    public void Irq1_CtrlAltDelete_Restarts()
    {
        // Three scan codes by D2h; the sector counts its starts at 0000:0600 and halts at the second.
        byte[] code =
        [
            0xFB, 0xFF, 0x06, 0x00, 0x06, 0x83, 0x3E, 0x00, 0x06, 0x02, 0x73, 0x12, // sti; inc word [600h]; cmp word [600h],2; jae done
            0xBE, 0x20, 0x7C, 0xAC, 0x84, 0xC0, 0x74, 0x0A, // mov si,codes; next: lodsb; test al,al; jz done
            0x50, 0xB0, 0xD2, 0xE6, 0x64, 0x58, 0xE6, 0x60, 0xEB, 0xF1, // push ax; out 64h,D2h; pop ax; out 60h,al; jmp next
            0xFA, 0xF4, // done: cli; hlt
            0x1D, 0x38, 0x53, 0x00, // codes: Ctrl, Alt, Delete
        ];
        byte[] image = [.. FirmwareMachine.Sector(code), .. new byte[512]];
        var serial = new SerialBuffer();
        using var machine = new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("test", image) },
            MemoryBytes = 2 << 20,
            Serial = serial,
            Deterministic = true,
        });
        machine.Run(new MachineRunOptions { MaxInstructions = 1_000_000 }).Reason.Should().Be(MachineStopReason.Halted);
        var counter = new byte[1];
        machine.Memory.TryRead(0x600, counter);
        counter.Should().Equal([2]);
    }

    private static byte Store(FirmwareMachine machine, ushort key) => machine.Call(0x16, new CallRegisters { Eax = 0x0500, Ecx = key }).Al;

    private static List<int> Type(byte[] scanCodes)
    {
        var bench = new ServiceBench();
        foreach (byte code in scanCodes)
        {
            bench.Call(0x09, new CallRegisters { Eax = code }).Al.Should().Be(0, "nothing more is to be done");
        }

        var keys = new List<int>();
        while (bench.Call(0x16, new CallRegisters { Eax = 0x1000 }) is { Waits: false } key)
        {
            keys.Add(key.Ax);
        }

        return keys;
    }
}
