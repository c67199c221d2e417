using System.Text;

namespace KvmSharp.Machines.Tests;

/// <summary>A whole machine whose boot sector is INT n, CLI, HLT: each call runs it with other registers.</summary>
internal sealed class FirmwareMachine : IDisposable
{
    private const ulong Budget = 20_000_000;
    private const uint Code = PcLayout.BootAddress;
    private const ushort InterruptsOn = 0x0202;

    private readonly SerialBuffer _serial;

    public FirmwareMachine(BootMedia? media = null, string input = "", ulong memory = 4 << 20, DateTimeOffset? clockStart = null)
    {
        _serial = new SerialBuffer(Encoding.Latin1.GetBytes(input));
        Machine = new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("test", Sector([0xCD, 0x10, 0xFA, 0xF4])) },
            Media = media ?? new BootMedia(),
            MemoryBytes = memory,
            Serial = _serial,
            Deterministic = true,
            ClockStart = clockStart,
        });
    }

    public PcMachine Machine { get; }

    public string Serial => Encoding.Latin1.GetString(_serial.Output());

    /// <summary>A boot sector with some code.</summary>
    public static byte[] Sector(ReadOnlySpan<byte> code)
    {
        var sector = new byte[512];
        code.CopyTo(sector);
        sector[510] = 0x55;
        sector[511] = 0xAA;
        return sector;
    }

    /// <summary>Runs a machine that boots an image to its end.</summary>
    public static (MachineStop Stop, string Serial) Boot(byte[] image, BootMedia? media = null, ImageFormat? format = null)
    {
        var serial = new SerialBuffer();
        using var machine = new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("test", image), Format = format },
            Media = media ?? new BootMedia(),
            MemoryBytes = 4 << 20,
            Serial = serial,
            Deterministic = true,
        });
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = Budget });
        return (stop, Encoding.Latin1.GetString(serial.Output()));
    }

    public CallRegisters Call(byte vector, CallRegisters registers)
    {
        Machine.Memory.TryWrite(Code + 1, [vector]).Should().BeTrue();
        VirtualCpu cpu = Machine.Vcpu;
        cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Ds = SegmentRegister.RealMode(registers.Ds), Es = SegmentRegister.RealMode(registers.Es) });
        cpu.SetRegisters(new GeneralRegisters
        {
            Rip = Code,
            Rsp = Code,
            Rflags = InterruptsOn,
            Rax = registers.Eax,
            Rbx = registers.Ebx,
            Rcx = registers.Ecx,
            Rdx = registers.Edx,
            Rsi = registers.Esi,
            Rdi = registers.Edi,
            Rbp = registers.Ebp,
        });
        cpu.MpState = MpState.Runnable;
        Machine.Run(new MachineRunOptions { MaxInstructions = Budget }).Reason.Should().Be(MachineStopReason.Halted);
        GeneralRegisters after = cpu.GetRegisters();
        after.Rsp.Should().Be(Code, "the ROM pops what it pushes");
        SpecialRegisters segments = cpu.GetSpecialRegisters();
        return new CallRegisters
        {
            Eax = (uint)after.Rax,
            Ebx = (uint)after.Rbx,
            Ecx = (uint)after.Rcx,
            Edx = (uint)after.Rdx,
            Esi = (uint)after.Rsi,
            Edi = (uint)after.Rdi,
            Ebp = (uint)after.Rbp,
            Ds = segments.Ds.Selector,
            Es = segments.Es.Selector,
            Flags = (ushort)after.Rflags,
        };
    }

    public CallRegisters Call(byte vector, uint eax) => Call(vector, new CallRegisters { Eax = eax });

    public byte[] Read(ulong address, int count)
    {
        var bytes = new byte[count];
        Machine.Memory.TryRead(address, bytes).Should().BeTrue();
        return bytes;
    }

    public void Write(ulong address, params byte[] bytes) => Machine.Memory.TryWrite(address, bytes).Should().BeTrue();

    public void Dispose() => Machine.Dispose();
}
