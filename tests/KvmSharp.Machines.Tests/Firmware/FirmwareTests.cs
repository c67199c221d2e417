using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class FirmwareTests
{
    private const int RomBytes = 8 * 1024;

    [Fact]
    public void Rom_HasWhatProgramsLookForAtItsEnd()
    {
        var bench = new ServiceBench();
        bench.Memory.Bytes[0xF_FFF0].Should().Be(0xEA, "a far jump");
        Encoding.ASCII.GetString(bench.Memory.Bytes, 0xF_FFF5, 8).Should().MatchRegex("^\\d\\d/\\d\\d/\\d\\d$");
        bench.Memory.Bytes[0xF_FFFE].Should().Be(0xFC);
    }

    [Fact]
    public void PowerOn_FillsVectorsAndDataAreas()
    {
        var bench = new ServiceBench(new BootMedia { Floppies = [new MemoryDisk(new byte[2880 * 512])], Disks = [new MemoryDisk(new byte[512])] });
        byte[] memory = bench.Memory.Bytes;
        ushort Word(int at) => BitConverter.ToUInt16(memory, at);
        (Word(4 * 0x13), Word((4 * 0x13) + 2)).Should().Be((0xE3FE, 0xF000), "IBM's entry of INT 13h");
        BitConverter.ToUInt32(memory, 4 * 0x60).Should().Be(0, "60h to 67h are for programs");
        Word(0x400).Should().Be(PcLayout.Com1);
        Word(0x40E).Should().Be(0x9FC0);
        Word(0x410).Should().Be(0x0223, "a floppy drive, a coprocessor, 80 columns, a serial port");
        Word(0x413).Should().Be(639);
        memory[0x475].Should().Be(1);
        (Word(0x41A), Word(0x41C), Word(0x480), Word(0x482)).Should().Be((0x1E, 0x1E, 0x1E, 0x3E));
        Word(4 * 0x41).Should().Be(0x3D, "the first disk's table in the extended area");
    }

    [Fact]
    public void Restart_ByJumpToTheResetVector_BootsAgain()
    {
        // inc word [600h]; cmp word [600h],2; jae done; jmp FFFF:0000; done: cli; hlt
        byte[] code = [0xFF, 0x06, 0x00, 0x06, 0x83, 0x3E, 0x00, 0x06, 0x02, 0x73, 0x05, 0xEA, 0x00, 0x00, 0xFF, 0xFF, 0xFA, 0xF4];
        FirmwareMachine.Boot([.. FirmwareMachine.Sector(code), .. new byte[512]]).Stop.Reason.Should().Be(MachineStopReason.Halted);
    }

    [Fact]
    public void Rom_GuestWrites_ChangeNothing()
    {
        // mov ax,F000h; mov ds,ax; mov byte [FFFEh],0; mov al,[FFFEh]; mov ah,0Eh; int 10h; cli; hlt
        byte[] code = [0xB8, 0x00, 0xF0, 0x8E, 0xD8, 0xC6, 0x06, 0xFE, 0xFF, 0x00, 0xA0, 0xFE, 0xFF, 0x24, 0x7F, 0xB4, 0x0E, 0xCD, 0x10, 0xFA, 0xF4];
        FirmwareMachine.Boot([.. FirmwareMachine.Sector(code), .. new byte[512]]).Serial.Should().Be("|", "FCh without its top bit");
    }

    [Fact]
    public void KeysTyped_AreEchoedOnTheScreen()
    {
        // key: INT 16h/00h; Enter ends; INT 10h/0Eh; jmp key; done: cli; hlt
        byte[] code = [0xB4, 0x00, 0xCD, 0x16, 0x3C, 0x0D, 0x74, 0x06, 0xB4, 0x0E, 0xCD, 0x10, 0xEB, 0xF2, 0xFA, 0xF4];
        byte[] image = [.. FirmwareMachine.Sector(code), .. new byte[512]];
        using var machine = new PcMachine(new PcOptions { Media = new BootMedia { Disks = [new MemoryDisk(image)] }, MemoryBytes = 2 << 20, Deterministic = true });
        machine.Run(new MachineRunOptions { MaxInstructions = 20_000 }).Reason.Should().Be(MachineStopReason.Budget, "it waits for a key");
        machine.Keyboard.Type("Hello, (World)\n");

        machine.Run(new MachineRunOptions { MaxInstructions = 1_000_000 }).Reason.Should().Be(MachineStopReason.Halted);

        TextScreen screen = machine.Screen.ReadText();
        (screen.Columns, screen.Rows, screen.Lines[0], screen.Cursor).Should().Be((80, 25, "Hello, (World)", (14, 0)));
    }

    [Fact]
    public void FlatImage_HasServices_AndChipsAsTheyPowerOn()
    {
        // mov ax,0E41h; int 10h; sti; hlt: nothing can wake it, because no timer was started
        (MachineStop stop, string serial) = FirmwareMachine.Boot([0xB8, 0x41, 0x0E, 0xCD, 0x10, 0xFB, 0xF4]);
        (stop.Reason, serial).Should().Be((MachineStopReason.Halted, "A"));
    }

    [Theory]
    [InlineData("486")]
    [InlineData("max")]
    public void Services_OnEveryModel_Work(string model)
    {
        byte[] image = [.. FirmwareMachine.Sector([0xB8, 0x41, 0x0E, 0xCD, 0x10, 0xFA, 0xF4]), .. new byte[512]]; // prints A
        var serial = new SerialBuffer();
        using var machine = new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("test", image) },
            Cpu = CpuModel.Find(model)!,
            MemoryBytes = 2 << 20,
            Serial = serial,
            Deterministic = true,
        });
        machine.Run(new MachineRunOptions { MaxInstructions = 100_000 }).Reason.Should().Be(MachineStopReason.Halted);
        serial.Output().Should().Equal("A"u8.ToArray());
    }

    [Fact]
    public void Port_FramesThatAreNowhere_AreIgnored()
    {
        var bench = new ServiceBench();
        bench.Ports.Write(PcLayout.FirmwareCall, 4, 0xFFFF_FFFF);
        bench.Ports.Write(PcLayout.FirmwareCall, 2, 0x6000);
        bench.Ports.Write(PcLayout.FirmwareCall + 1, 1, 0x60);
        bench.Ports.Read(PcLayout.FirmwareCall, 4).Should().Be(uint.MaxValue);
    }

    [Fact]
    public void Services_RegisterStorm_EndsEveryCall()
    {
        byte[] services = [0x08, 0x09, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x70, 0xF0, 0x55];
        var disk = new MemoryDisk(new byte[2880 * 512]);
        Gen<uint> value = Gen.Choose(0, int.MaxValue).Select(v => (uint)v * 2).Or(Gen.Choose(0, 0xFFFF).Select(v => (uint)v));
        Gen<(byte Service, uint[] Registers, uint Place)> call =
            from service in Gen.Elements(services)
            from registers in value.ArrayOf(8)
            from place in Gen.Choose(0x400, 0x500).Or(Gen.Choose(0x9_FC00, 0x9_FC80))
            select (service, registers, (uint)place);

        // One machine for all: what a call leaves behind, and bytes thrown into the data areas, meet the next one.
        var bench = new ServiceBench(new BootMedia { Floppies = [disk], Disks = [disk], Cdroms = [disk] }, screen: true, console: true);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3_000), Prop.ForAll(call.ToArbitrary(), c =>
        {
            uint[] r = c.Registers;
            bench.Memory.Bytes[c.Place] = (byte)r[0];
            bench.Call(c.Service, new CallRegisters
            {
                Eax = r[0],
                Ebx = r[1],
                Ecx = r[2],
                Edx = r[3],
                Esi = r[4],
                Edi = r[5],
                Ds = (ushort)r[6],
                Es = (ushort)r[7],
            });
            bench.Latches.Writes.Clear();
            bench.Latches.Sent.Clear();
        }));
    }

    [AssemblerFact]
    public void Rom_Assembled_IsTheCommittedOne()
    {
        string output = Path.GetTempFileName();
        try
        {
            using Process nasm = Process.Start("nasm", ["-f", "bin", "-Wall", "-Werror", "-o", output, Path.Combine(AppContext.BaseDirectory, "rom.asm")]);
            nasm.WaitForExit();
            nasm.ExitCode.Should().Be(0);
            File.ReadAllBytes(output).Should().Equal(new ServiceBench().Memory.Bytes.AsSpan(0x10_0000 - RomBytes, RomBytes).ToArray());
        }
        finally
        {
            File.Delete(output);
        }
    }
}

/// <summary>A test that needs the assembler; elsewhere it is skipped and says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AssemblerFactAttribute : FactAttribute
{
    public AssemblerFactAttribute()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("nasm", "-v") { RedirectStandardOutput = true })!;
            process.WaitForExit();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Skip = "nasm is not installed";
        }
    }
}
