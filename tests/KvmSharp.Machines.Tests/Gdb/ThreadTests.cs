using KvmSharp.Tests.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

/// <summary>Several processors as threads, at the same time and by turns.</summary>
public class ThreadTests
{
    private const string Stopped = "T05thread:";

    // 7C00h, real mode: starts the others at 8000h by x2APIC commands, then counts at 600h; the others count at 700h.
    private static readonly byte[] Code =
    [
        0xFA,                               // cli
        0x31, 0xC0,                         // xor ax,ax
        0x8E, 0xD8,                         // mov ds,ax
        0xC6, 0x06, 0x00, 0x80, 0xEA,       // mov byte [8000h],0EAh: jmp 0000:7C60
        0xC7, 0x06, 0x01, 0x80, 0x60, 0x7C, // mov word [8001h],7C60h
        0xC7, 0x06, 0x03, 0x80, 0x00, 0x00, // mov word [8003h],0
        0x66, 0xB9, 0x1B, 0x00, 0x00, 0x00, // mov ecx,1Bh
        0x0F, 0x32,                         // rdmsr
        0x80, 0xCC, 0x0C,                   // or ah,0Ch: x2APIC
        0x0F, 0x30,                         // wrmsr
        0x66, 0xB9, 0x30, 0x08, 0x00, 0x00, // mov ecx,830h
        0x66, 0x31, 0xD2,                   // xor edx,edx
        0x66, 0xB8, 0x00, 0x45, 0x0C, 0x00, // mov eax,0C4500h: INIT to the others
        0x0F, 0x30,                         // wrmsr
        0x66, 0xB8, 0x08, 0x46, 0x0C, 0x00, // mov eax,0C4608h: start them at 8000h
        0x0F, 0x30,                         // wrmsr
        0xFF, 0x06, 0x00, 0x06,             // 7C3C: inc word [600h]
        0xEB, 0xFA,                         // jmp 7C3C
    ];

    private static readonly byte[] Others =
    [
        0x31, 0xC0, 0x8E, 0xD8, // 7C60: xor ax,ax; mov ds,ax
        0xFF, 0x06, 0x00, 0x07, // 7C64: inc word [700h]
        0xEB, 0xFA,             // jmp 7C64
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_AreTheProcessors(bool deterministic)
    {
        using DebuggedMachine machine = Boot(deterministic);
        using GdbClient client = machine.Connect();
        client.Ask("qfThreadInfo").Should().Be("m1,2");
        client.Ask("qsThreadInfo").Should().Be("l");
        client.Ask("qC").Should().Be("QC1");
        client.Ask("T2").Should().Be("OK");
        client.Ask("T3").Should().StartWith("E");
        client.Ask("qThreadExtraInfo,2").Should().Be(Convert.ToHexStringLower("processor 1, real mode, Uninitialized"u8));
        client.Ask("Hg2").Should().Be("OK");
        client.Ask("qC").Should().Be("QC2");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Breakpoint_OfTheSecondProcessor_NamesItsThread(bool deterministic)
    {
        using DebuggedMachine machine = Boot(deterministic);
        using GdbClient client = machine.Connect();
        client.Ask("Z0,7c64,1");
        for (ushort round = 0; round < 5; round++)
        {
            client.Ask("vCont;c").Should().StartWith(Stopped + "2;");
            client.Ask("p8").Should().Be("647c0000");
            client.Ask("m700,2").Should().Be(Convert.ToHexStringLower(BitConverter.GetBytes(round)));
        }

        client.Ask("Hg1");
        client.Ask("p8").Should().NotBe("647c0000");
    }

    [Fact]
    public void Step_OfOneWithTheOtherHeld_MovesThatOneAlone()
    {
        using DebuggedMachine machine = Boot(deterministic: false);
        using GdbClient client = machine.Connect();
        client.Ask("Z0,7c64,1");
        client.Ask("vCont;c").Should().StartWith(Stopped + "2;");
        string first = client.Ask("m600,2");
        for (int i = 0; i < 20; i++)
        {
            client.Ask("vCont;s:2").Should().StartWith(Stopped + "2;");
        }

        client.Ask("m600,2").Should().Be(first);
        client.Ask("m700,2").Should().Be("0a00");
        client.Ask("z0,7c64,1");
        client.Ask("vCont;s:1;c").Should().StartWith(Stopped + "1;");
        client.Send("vCont;c");
        client.SendRaw("\u0003");
        client.Receive().Should().StartWith("T02thread:");
    }

    [Fact]
    public void Breakpoints_MetByBothAtOnce_AreBothTold()
    {
        using DebuggedMachine machine = Boot(deterministic: false);
        using GdbClient client = machine.Connect();
        client.Ask("Z0,7c3c,1");
        client.Ask("Z0,7c64,1");
        int[] met = new int[3];
        for (int i = 0; i < 400; i++)
        {
            string stop = client.Ask("vCont;c");
            met[stop[Stopped.Length] - '0']++;
        }

        // Each met breakpoint is told once, so each counter is as many rounds on as its breakpoint was met, the first time set aside.
        foreach ((int thread, string address) in (ReadOnlySpan<(int, string)>)[(1, "600"), (2, "700")])
        {
            ushort count = BitConverter.ToUInt16(Convert.FromHexString(client.Ask($"m{address},2")));
            met[thread].Should().BeInRange(count, count + 1);
            met[thread].Should().BeGreaterThan(0);
        }
    }

    [Fact]
    public void Deterministic_WithAndWithoutADebugger_AreTheSame()
    {
        const ulong Budget = 300_000;
        (string Memory, ulong First, ulong Second) Run(bool debugged)
        {
            using var machine = new DebuggedMachine(Options(deterministic: true), wait: debugged, maxInstructions: Budget);
            if (debugged)
            {
                using GdbClient client = machine.Connect();
                client.Ask("Z0,7c64,1");
                for (int i = 0; i < 300; i++)
                {
                    client.Ask(i % 3 == 0 ? "vCont;c" : i % 3 == 1 ? "vCont;s:2" : "vCont;s:1;c").Should().StartWith(Stopped);
                }

                client.Ask("D").Should().Be("OK");
            }

            machine.End().Reason.Should().Be(MachineStopReason.Budget);
            byte[] memory = new byte[0x8000];
            machine.Machine.Memory.TryRead(0, memory);
            return (Convert.ToHexString(memory), machine.Machine.Vcpus[0].InstructionsRetired, machine.Machine.Vcpus[1].InstructionsRetired);
        }

        Run(debugged: true).Should().Be(Run(debugged: false));
    }

    private static DebuggedMachine Boot(bool deterministic) => new(Options(deterministic));

    private static PcOptions Options(bool deterministic)
    {
        byte[] image = new byte[0x60 + Others.Length];
        Code.CopyTo(image, 0);
        Others.CopyTo(image, 0x60);
        return new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("test", image), Format = ImageFormat.Flat },
            MemoryBytes = 2 << 20,
            Cpus = 2,
            Deterministic = deterministic,
        };
    }
}
