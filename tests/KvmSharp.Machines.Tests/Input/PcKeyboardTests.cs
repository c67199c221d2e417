using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public class PcKeyboardTests
{
    // Polls the keyboard controller and stores each byte at 7E00h on; stops behind the fourth.
    private static readonly byte[] Collect =
    [
        0xFA, // cli
        0xBF, 0x00, 0x7E, // mov di,7E00h
        0xE4, 0x64, // wait: in al,64h
        0xA8, 0x01, // test al,1
        0x74, 0xFA, // jz wait
        0xE4, 0x60, // in al,60h
        0xAA, // stosb
        0x81, 0xFF, 0x04, 0x7E, // cmp di,7E04h
        0x75, 0xF1, // jne wait
        0xF4, // hlt
    ];

    // mov al,FFh; out 21h,al; sti; again: hlt; jmp again: every interrupt is masked
    private static readonly byte[] Sleep = [0xB0, 0xFF, 0xE6, 0x21, 0xFB, 0xF4, 0xEB, 0xFD];

    // The firmware has switched the keyboard's translation on for a boot sector; a flat image finds no timer running.
    private static PcMachine Boot(byte[] code, ImageFormat format = ImageFormat.BootSector, bool awaitsKeys = false) => new(new PcOptions
    {
        Boot = new BootSource { Image = new ImageFile("test", FirmwareMachine.Sector(code)), Format = format },
        MemoryBytes = 1 << 20,
        Deterministic = true,
        AwaitsKeys = awaitsKeys,
    });

    [Fact]
    public void Type_Text_ArrivesAsMakeAndBreakCodesWithShift()
    {
        using PcMachine machine = Boot(Collect);
        machine.Keyboard.Type("B");

        machine.Run(new MachineRunOptions { MaxInstructions = 50_000_000 }).Reason.Should().Be(MachineStopReason.Halted);

        var codes = new byte[4];
        machine.Memory.TryRead(0x7E00, codes).Should().BeTrue();
        codes.Should().Equal(0x2A, 0x30, 0xB0, 0xAA);
    }

    [Fact]
    public void Type_CharacterWithoutKey_IsRefusedWhole()
    {
        using PcMachine machine = Boot(Sleep);
        FluentActions.Invoking(() => machine.Keyboard.Type("aé")).Should().Throw<ArgumentException>().WithMessage("*'é' (U+00E9)*");
    }

    [Fact]
    public void Press_NobodyReads_IsForgottenAfterASecond()
    {
        var clock = new OneDeadlineClock();
        var wire = new EmptyWire();
        var keyboard = new PcKeyboard(new DeviceLock(), clock, new I8042(wire, wire, wire, wire));
        keyboard.Type(new string('x', 100));
        int movements = 0;
        while (clock.TryFire())
        {
            movements++;
        }

        movements.Should().BeInRange(500, 520, "some fill the controller's queue, then one is tried for a second");
        clock.Now.Should().BeInRange(1_000_000_000, 1_100_000_000);
    }

    [Fact]
    public void Run_HaltedAndAwaitingKeys_WaitsUntilCancelled()
    {
        using PcMachine machine = Boot(Sleep, ImageFormat.Flat, awaitsKeys: true);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        machine.Run(new MachineRunOptions { Cancellation = cancellation.Token }).Reason.Should().Be(MachineStopReason.Cancelled);
        machine.Now.Should().BeLessThan(100, "no deadline passes");
    }

    [Theory]
    [InlineData(ImageFormat.Flat, MachineStopReason.Halted)]
    [InlineData(ImageFormat.BootSector, MachineStopReason.Budget)] // each tick of the firmware's timer ends the halt of nobody, and counts
    public void Run_KeyIntoMaskedLine_WakesNobody(ImageFormat format, MachineStopReason expected)
    {
        using PcMachine machine = Boot(Sleep, format, awaitsKeys: false);
        machine.Keyboard.Type("a");
        machine.Run(new MachineRunOptions { MaxInstructions = 100 }).Reason.Should().Be(expected);
        machine.Vcpu.MpState.Should().Be(MpState.Halted);
    }

    [Fact]
    public void UsKeyboard_PrintableCharacters_EachHaveAKeyOfTheirOwn()
    {
        var chords = new HashSet<KeyChord>();
        for (char character = ' '; character < 0x7F; character++)
        {
            UsKeyboard.TryFind(character, out KeyChord chord).Should().BeTrue();
            chords.Add(chord).Should().BeTrue("'{0}' is typed by no other character's keys", character);
        }
    }

    [Fact]
    public void Screen_GuestText_IsRead()
    {
        // mov ax,B800h; mov ds,ax; mov word [0],1F41h; cli; hlt
        using PcMachine machine = Boot([0xB8, 0x00, 0xB8, 0x8E, 0xD8, 0xC7, 0x06, 0x00, 0x00, 0x41, 0x1F, 0xFA, 0xF4]);
        machine.Run(new MachineRunOptions { MaxInstructions = 100 });
        machine.Screen.ReadText().Lines[0].Should().Be("A");
    }

    private sealed class OneDeadlineClock : IVirtualClock, IDeadline
    {
        private Action? _callback;
        private long _due;

        public long Now { get; private set; }

        public bool IsArmed { get; private set; }

        public IDeadline CreateDeadline(Action callback)
        {
            _callback = callback;
            return this;
        }

        public void Arm(long due) => (_due, IsArmed) = (due, true);

        public void Disarm() => IsArmed = false;

        public bool TryFire()
        {
            bool wasArmed = IsArmed;
            if (wasArmed)
            {
                (Now, IsArmed) = (Math.Max(Now, _due), false);
                _callback!();
            }

            return wasArmed;
        }
    }

    private sealed class EmptyWire : ISignal
    {
        public void Drive(bool asserted)
        {
        }
    }
}
