using System.Buffers.Binary;

namespace KvmSharp.Devices.Tests;

/// <summary>A driver as small as a test needs: it negotiates, builds rings in memory, and counts what comes back.</summary>
internal sealed class VirtioDriver
{
    public const int CommonPage = 0;
    public const int InterruptStatusPage = 0x1000;
    public const int DevicePage = 0x2000;
    public const int NotificationPage = 0x3000;
    public const VirtioStatus Ready = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk | VirtioStatus.DriverOk;

    /// <summary>The first byte that no ring of these tests covers.</summary>
    public const int Data = 0x4_0000;

    private const int QueueBytes = 0x1_0000; // descriptors, then the rings, a page each
    private readonly int[] _descriptors = new int[VirtqueueStates.Length];

    public VirtioDriver(VirtioDevice device, int memory = 0x10_0000)
    {
        Memory = new FlatMemory(memory);
        Function = new VirtioPciFunction(device, Memory, Clock, Pin);
        Function.WriteConfig(PciRegister.Command, 2, (uint)(PciCommand.MemorySpace | PciCommand.BusMaster));
    }

    public FlatMemory Memory { get; }

    public ManualClock Clock { get; } = new();

    public Wire Pin { get; } = new();

    public VirtioPciFunction Function { get; }

    public VirtioStatus Status => (VirtioStatus)Read(VirtioRegister.DeviceStatus, 1);

    public static int DescriptorTable(int queue) => (queue + 1) * QueueBytes;

    public static int Available(int queue) => DescriptorTable(queue) + 0x1000;

    public static int UsedRing(int queue) => DescriptorTable(queue) + 0x2000;

    public ulong Read(int register, int width) => Function.ReadMmio((ulong)register, width);

    public void Write(int register, int width, ulong value) => Function.WriteMmio((ulong)register, width, value);

    /// <summary>Goes through the status machine up to the features.</summary>
    /// <returns>Whether the device agrees.</returns>
    public bool Negotiate(ulong features)
    {
        Write(VirtioRegister.DeviceStatus, 1, 0);
        Write(VirtioRegister.DeviceStatus, 1, (ulong)VirtioStatus.Acknowledge);
        Write(VirtioRegister.DeviceStatus, 1, (ulong)(VirtioStatus.Acknowledge | VirtioStatus.Driver));
        for (uint half = 0; half < 2; half++)
        {
            Write(VirtioRegister.DriverFeatureSelect, 4, half);
            Write(VirtioRegister.DriverFeature, 4, (uint)(features >> (32 * (int)half)));
        }

        Write(VirtioRegister.DeviceStatus, 1, (ulong)(Status | VirtioStatus.FeaturesOk));
        return Status.HasFlag(VirtioStatus.FeaturesOk);
    }

    public void EnableQueue(int queue, int size)
    {
        Write(VirtioRegister.QueueSelect, 2, (ulong)queue);
        Write(VirtioRegister.QueueSize, 2, (ulong)size);
        Write(VirtioRegister.QueueDescriptors, 4, (ulong)DescriptorTable(queue));
        Write(VirtioRegister.QueueAvailable, 4, (ulong)Available(queue));
        Write(VirtioRegister.QueueUsed, 4, (ulong)UsedRing(queue));
        Write(VirtioRegister.QueueEnable, 2, 1);
    }

    /// <summary>Makes the device ready with queues of 16 descriptors.</summary>
    public VirtioDriver Start(ulong features = 0, int queues = 1, int size = 16)
    {
        Negotiate(VirtioFeature.Version1 | features).Should().BeTrue();
        for (int queue = 0; queue < queues; queue++)
        {
            EnableQueue(queue, size);
        }

        Write(VirtioRegister.DeviceStatus, 1, (ulong)Ready);
        Status.Should().Be(Ready);
        return this;
    }

    /// <summary>Puts a chain into the available ring; the descriptors follow those of the chain before.</summary>
    /// <returns>The chain's head.</returns>
    public int Offer(int queue, params (int Address, int Length, bool IsWritable)[] pieces)
    {
        int size = QueueSize(queue);
        int head = _descriptors[queue] % size;
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            bool isLast = piece == pieces.Length - 1;
            int next = (_descriptors[queue] + 1) % size;
            Describe(DescriptorTable(queue), _descriptors[queue]++ % size, (ulong)pieces[piece].Address, (uint)pieces[piece].Length,
                (ushort)((isLast ? 0 : 1) | (pieces[piece].IsWritable ? 2 : 0)), (ushort)next);
        }

        OfferHead(queue, head);
        return head;
    }

    public void OfferHead(int queue, int head)
    {
        ushort index = Word(Available(queue) + 2);
        SetWord(Available(queue) + 4 + (index % QueueSize(queue) * 2), (ushort)head);
        SetWord(Available(queue) + 2, (ushort)(index + 1));
    }

    public void Describe(int table, int index, ulong address, uint length, ushort flags, ushort next)
    {
        Span<byte> descriptor = Memory.Bytes.AsSpan(table + (index * 16), 16);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, address);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor[12..], flags);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor[14..], next);
    }

    public void Notify(int queue) => Write(NotificationPage + (4 * queue), 2, (ulong)queue);

    /// <summary>How many chains have come back.</summary>
    public int UsedIndex(int queue) => Word(UsedRing(queue) + 2);

    public (int Head, int Written) Used(int queue, int index)
    {
        ReadOnlySpan<byte> entry = Memory.Bytes.AsSpan(UsedRing(queue) + 4 + (index % QueueSize(queue) * 8), 8);
        return (BinaryPrimitives.ReadInt32LittleEndian(entry), BinaryPrimitives.ReadInt32LittleEndian(entry[4..]));
    }

    public ushort Word(int address) => BinaryPrimitives.ReadUInt16LittleEndian(Memory.Bytes.AsSpan(address));

    public void SetWord(int address, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Memory.Bytes.AsSpan(address), value);

    public int QueueSize(int queue)
    {
        Write(VirtioRegister.QueueSelect, 2, (ulong)queue);
        return (int)Read(VirtioRegister.QueueSize, 2);
    }
}
