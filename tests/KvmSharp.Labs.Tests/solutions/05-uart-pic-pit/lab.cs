using KvmSharp;

const ulong Base = ${base};
const ushort UartPort = ${uart};
const int UartLine = ${line};
const ushort ReportPort = ${report};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/hello.bin");

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x10000));
vm.Memory.Write(Base, guest);

VirtualCpu cpu = vm.CreateVcpu(0);
cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = SegmentRegister.RealMode(0) });
cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

var pic = new Pic(vm.InterruptLine);
var board = new Dispatcher();
board.Add(new Uart(UartPort, level => pic.Drive(UartLine, level), Console.IsInputRedirected ? Console.OpenStandardInput() : Stream.Null), UartPort, 8);
board.Add(pic, 0x20, 2);
board.Add(new Pit(vm.Clock, level => pic.Drive(0, level)), 0x40, 4);
vm.ExitHandler = board;
vm.InterruptController = pic;

while (true)
{
    VmExit exit = cpu.Run();
    switch (exit)
    {
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ReportPort, Width: 2, Count: 1 }:
            Console.WriteLine($"{exit.Value:X4}");
            break;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write }:
            break;
        case { Reason: VmExitReason.Io }:
            cpu.ExitData.Fill(0xFF);
            break;
        case { Reason: VmExitReason.Hlt }:
            return 0;
        default:
            throw new InvalidOperationException($"unexpected exit: {exit}");
    }
}

internal interface IDevice
{
    byte Read(ushort port);

    void Write(ushort port, byte value);
}

internal sealed class Dispatcher : IExitHandler
{
    private readonly Dictionary<ushort, IDevice> _devices = [];

    public void Add(IDevice device, ushort first, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _devices.Add((ushort)(first + i), device);
        }
    }

    public bool TryHandle(in VmExit vmExit, Span<byte> data)
    {
        if (vmExit.Reason != VmExitReason.Io || !_devices.ContainsKey(vmExit.Port))
        {
            return false;
        }

        for (int i = 0; i < data.Length; i++)
        {
            ushort port = (ushort)(vmExit.Port + (i % vmExit.Width));
            IDevice? device = _devices.GetValueOrDefault(port);
            if (vmExit.Direction == ExitDirection.Write)
            {
                device?.Write(port, data[i]);
            }
            else
            {
                data[i] = device?.Read(port) ?? 0xFF;
            }
        }

        return true;
    }
}

internal sealed class Uart(ushort first, Action<bool> line, Stream input) : IDevice
{
    private readonly byte[] _registers = new byte[8];
    private readonly byte[] _divisor = new byte[2];
    private int _received = -2;
    private bool _empty;

    private bool Dlab => (_registers[3] & 0x80) != 0;

    private bool HasByte => (_received = _received == -2 ? input.ReadByte() : _received) >= 0;

    private int Cause => (_registers[1] & 1) != 0 && HasByte ? 4 : (_registers[1] & 2) != 0 && _empty ? 2 : 1;

    public byte Read(ushort port)
    {
        int register = port - first;
        switch (register)
        {
            case 0 or 1 when Dlab:
                return _divisor[register];
            case 0:
                byte taken = (byte)(HasByte ? _received : 0);
                _received = -2;
                line(false);
                Update();
                return taken;
            case 2:
                int cause = Cause;
                _empty &= cause != 2;
                Update();
                return (byte)cause;
            case 5:
                return (byte)(0x60 | (HasByte ? 1 : 0));
            case 6:
                return 0xB0;
            default:
                return _registers[register];
        }
    }

    public void Write(ushort port, byte value)
    {
        int register = port - first;
        switch (register)
        {
            case 0 or 1 when Dlab:
                _divisor[register] = value;
                break;
            case 0:
                _empty = false;
                Update();
                Console.Write((char)value);
                _empty = true;
                break;
            case 1:
                _empty |= (value & ~_registers[1] & 2) != 0;
                _registers[1] = value;
                break;
            case 3 or 4 or 7:
                _registers[register] = value;
                break;
        }

        Update();
    }

    private void Update() => line(Cause != 1);
}

internal sealed class Pic(ISignal interruptLine) : IDevice, IInterruptController
{
    private byte _lines;
    private byte _requests;
    private byte _services;
    private byte _mask;
    private byte _vector;
    private int _expected; // the next initialization word, 0 when all have come
    private bool _readsServices;

    public void Drive(int line, bool level)
    {
        int bit = 1 << line;
        if (!level)
        {
            _lines = (byte)(_lines & ~bit);
            _requests = (byte)(_requests & ~bit);
        }
        else if ((_lines & bit) == 0)
        {
            _lines = (byte)(_lines | bit);
            _requests = (byte)(_requests | bit);
        }

        Update();
    }

    public byte Acknowledge()
    {
        int line = MostUrgent();
        if (line < 0)
        {
            return (byte)(_vector + 7);
        }

        _requests = (byte)(_requests & ~(1 << line));
        _services = (byte)(_services | (1 << line));
        Update();
        return (byte)(_vector + line);
    }

    public byte Read(ushort port) => port == 0x21 ? _mask : _readsServices ? _services : _requests;

    public void Write(ushort port, byte value)
    {
        if (port == 0x21)
        {
            WriteData(value);
        }
        else if ((value & 0x10) != 0)
        {
            (_requests, _services, _mask, _readsServices, _expected) = (0, 0, 0, false, 2);
        }
        else if ((value & 0x08) != 0)
        {
            _readsServices = (value & 3) == 3;
        }
        else if ((value & 0x20) != 0)
        {
            int ended = (value & 0x40) != 0 ? 1 << (value & 7) : _services & -_services;
            _services = (byte)(_services & ~ended);
        }

        Update();
    }

    private void WriteData(byte value)
    {
        switch (_expected)
        {
            case 2:
                _vector = (byte)(value & 0xF8);
                _expected = 4;
                break;
            case 4:
                _expected = 0;
                break;
            default:
                _mask = value;
                break;
        }
    }

    // The lowest line that asks, is not masked, and is below all in service; -1 if none is.
    private int MostUrgent()
    {
        int asking = _requests & ~_mask;
        int first = asking & -asking;
        int served = _services & -_services;
        return first != 0 && (served == 0 || first < served) ? int.TrailingZeroCount(first) : -1;
    }

    private void Update() => interruptLine.Drive(MostUrgent() >= 0);
}

internal sealed class Pit : IDevice
{
    private const long Frequency = 1193182;
    private const long Second = 1_000_000_000;

    private readonly IVirtualClock _clock;
    private readonly Action<bool> _line;
    private readonly IDeadline _deadline;
    private bool _repeats;
    private bool _hasLow;
    private bool _readsHigh;
    private byte _low;
    private long _reload = 65536;
    private long _start;
    private long _periods;
    private int? _latched;

    public Pit(IVirtualClock clock, Action<bool> line)
    {
        (_clock, _line) = (clock, line);
        _deadline = clock.CreateDeadline(OnTerminalCount);
    }

    public byte Read(ushort port)
    {
        int count = _latched ?? Count();
        byte half = (byte)(_readsHigh ? count >> 8 : count);
        _latched = _readsHigh ? null : count;
        _readsHigh = !_readsHigh;
        return half;
    }

    public void Write(ushort port, byte value)
    {
        if (port == 0x43)
        {
            Control(value);
        }
        else if (port == 0x40 && !_hasLow)
        {
            (_low, _hasLow) = (value, true);
        }
        else if (port == 0x40)
        {
            int reload = _low | (value << 8);
            (_reload, _hasLow, _start, _periods) = (reload == 0 ? 65536 : reload, false, _clock.Now, 0);
            ArmNext();
        }
    }

    private void Control(byte value)
    {
        if ((value & 0xC0) != 0)
        {
            return; // another counter
        }

        if ((value & 0x30) == 0)
        {
            _latched ??= Count();
            return;
        }

        _repeats = (value & 0x0E) != 0;
        (_hasLow, _readsHigh, _latched) = (false, false, null);
        _deadline.Disarm();
        _line(_repeats);
    }

    private void OnTerminalCount()
    {
        _line(false);
        _line(true);
        if (_repeats)
        {
            ArmNext();
        }
    }

    // From the start each time, rounded up, so that nothing adds up.
    private void ArmNext()
    {
        _periods++;
        _deadline.Arm(_start + (((_periods * _reload * Second) + Frequency - 1) / Frequency));
    }

    private int Count()
    {
        long ticks = (_clock.Now - _start) * Frequency / Second;
        return (int)(_repeats ? _reload - (ticks % _reload) : (_reload - ticks) & 0xFFFF);
    }
}
