using System.Text;
using KvmSharp;

const ulong Base = ${base};
const uint MemorySize = 0x100000;
const ushort ConsolePort = ${port};
const ushort ReportPort = ${report};
const ushort QueuePort = ${queue};
const ushort BellPort = ${bell};
const uint QueueSize = ${size};
const int SectorSize = 512;
const uint Sectors = ${sectors};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/bytewise.bin");
byte[] disk = new byte[Sectors * SectorSize];
for (int i = 0; i < disk.Length; i++)
{
    disk[i] = (byte)(${fill} + (i / SectorSize));
}

using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();
vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: MemorySize));
vm.Memory.Write(Base, guest);

// Flat protected mode, as in lab 2.
VirtualCpu cpu = vm.CreateVcpu(0);
SpecialRegisters special = cpu.GetSpecialRegisters();
SegmentRegister data = SegmentRegister.FlatData32(16);
cpu.SetSpecialRegisters(special with
{
    Cr0 = special.Cr0 | 1, Cs = SegmentRegister.FlatCode32(8), Ds = data, Es = data, Ss = data,
});
cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });

var device = new QueueDevice(vm.Memory, QueueSize, MemorySize, disk);
long exits = 0;
long bytes = 0;
while (true)
{
    VmExit exit = cpu.Run();
    exits++;
    switch (exit)
    {
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ConsolePort, Width: 1, Count: 1 }:
            Console.Write((char)exit.Value);
            bytes++;
            break;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: ReportPort, Width: 4, Count: 1 }:
            break;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: QueuePort, Width: 4, Count: 1 }:
            device.SetUp((uint)exit.Value);
            break;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Read, Port: QueuePort, Width: 4, Count: 1 }:
            BitConverter.TryWriteBytes(cpu.ExitData, (uint)device.State);
            break;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: BellPort, Width: 4, Count: 1 }:
            bytes += device.Work();
            break;
        case { Reason: VmExitReason.Hlt }:
            Console.WriteLine($"\n{exits} exits for {bytes} bytes{(bytes > 0 ? $": {exits * 1000 / bytes} per 1000" : string.Empty)}");
            return 0;
        default:
            throw new InvalidOperationException($"unexpected exit: {exit}");
    }
}

internal enum DeviceState
{
    None,
    Ready,
    Broken,
}

internal enum Operation : byte
{
    Print = 1,
    Input = 2,
    ReadDisk = 3,
    WriteDisk = 4,
}

// One read of a descriptor: what is checked is what is used.
internal readonly record struct Descriptor(uint Address, uint Length, uint Sector, Operation Operation, ushort Zero)
{
    public const int Size = 16;
    public const int LengthAt = 4;
    public const int StatusAt = 13;

    public bool WritesMemory => Operation is Operation.Input or Operation.ReadDisk;

    public bool IsOfDisk => Operation is Operation.ReadDisk or Operation.WriteDisk;

    public static Descriptor From(ReadOnlySpan<byte> raw) => new(
        BitConverter.ToUInt32(raw), BitConverter.ToUInt32(raw[LengthAt..]), BitConverter.ToUInt32(raw[8..]), (Operation)raw[12], BitConverter.ToUInt16(raw[14..]));
}

internal sealed class QueueDevice(GuestMemory memory, uint size, uint memorySize, byte[] disk)
{
    private const int SectorSize = 512;
    private const uint MostBytes = 4096;
    private const int Header = 16;
    private const byte Done = 1;
    private const byte Refused = 2;

    private readonly uint _bytes = Header + (size * Descriptor.Size);
    private readonly Stream _input = Console.IsInputRedirected ? Console.OpenStandardInput() : Stream.Null;
    private uint _queue;
    private uint _done; // the guest sees a copy, and cannot change this one

    public DeviceState State { get; private set; }

    public void SetUp(uint address)
    {
        bool right = address % 16 == 0 && IsMemory(address, _bytes);
        (_queue, _done, State) = (address, 0, right ? DeviceState.Ready : DeviceState.Broken);
        if (right)
        {
            memory.Write(_queue + 4, _done);
        }
    }

    // Gives the bytes that were moved.
    public uint Work()
    {
        if (State != DeviceState.Ready)
        {
            return 0;
        }

        uint head = memory.Read<uint>(_queue);
        if (head - _done > size)
        {
            State = DeviceState.Broken;
            return 0;
        }

        uint moved = 0;
        Span<byte> raw = stackalloc byte[Descriptor.Size];
        while (_done != head)
        {
            ulong at = _queue + Header + (_done % size * Descriptor.Size);
            memory.Read(at, raw);
            var descriptor = Descriptor.From(raw);
            bool right = IsRight(descriptor);
            moved += right ? Do(descriptor, at) : 0;
            memory.Write(at + Descriptor.StatusAt, right ? Done : Refused);
            _done++;
            memory.Write(_queue + 4, _done);
        }

        return moved;
    }

    private bool IsMemory(uint address, uint length) => length <= memorySize && address <= memorySize - length;

    private bool IsRight(in Descriptor d) =>
        Enum.IsDefined(d.Operation) && d.Zero == 0 && d.Length is > 0 and <= MostBytes && IsMemory(d.Address, d.Length)
        && !(d.WritesMemory && d.Address < _queue + _bytes && _queue < d.Address + d.Length)
        && !(d.IsOfDisk && (d.Length % SectorSize != 0 || ((ulong)d.Sector * SectorSize) + d.Length > (ulong)disk.Length));

    private uint Do(in Descriptor d, ulong at)
    {
        byte[] buffer = new byte[d.Length];
        switch (d.Operation)
        {
            case Operation.Print:
                memory.Read(d.Address, buffer);
                Console.Write(Encoding.Latin1.GetString(buffer));
                return d.Length;
            case Operation.Input:
                uint came = (uint)_input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
                memory.Write(d.Address, buffer.AsSpan(0, (int)came));
                memory.Write(at + Descriptor.LengthAt, came);
                return came;
            case Operation.ReadDisk:
                memory.Write(d.Address, disk.AsSpan((int)d.Sector * SectorSize, (int)d.Length));
                return d.Length;
            default:
                memory.Read(d.Address, buffer);
                buffer.CopyTo(disk, (int)d.Sector * SectorSize);
                return d.Length;
        }
    }
}
