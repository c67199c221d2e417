using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>What all virtio devices share: negotiation of features, the status machine, queues and interrupts.</summary>
/// <remarks>Source: Virtual I/O Device 1.1, "Basic Facilities of a Virtio Device" and "Common configuration structure layout".</remarks>
internal sealed class VirtioTransport
{
    private const byte QueueInterrupt = 1;
    private const byte ConfigurationInterrupt = 2;
    private const VirtioStatus DriverBits =
        VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.DriverOk | VirtioStatus.FeaturesOk | VirtioStatus.Failed;

    private static readonly (int Offset, int Width)[] WritableRegisters =
    [
        (VirtioRegister.DeviceFeatureSelect, sizeof(uint)),
        (VirtioRegister.DriverFeatureSelect, sizeof(uint)),
        (VirtioRegister.DriverFeature, sizeof(uint)),
        (VirtioRegister.DeviceStatus, sizeof(byte)),
        (VirtioRegister.QueueSelect, sizeof(ushort)),
        (VirtioRegister.QueueSize, sizeof(ushort)),
        (VirtioRegister.QueueDescriptors, sizeof(ulong)),
        (VirtioRegister.QueueAvailable, sizeof(ulong)),
        (VirtioRegister.QueueUsed, sizeof(ulong)),
        (VirtioRegister.QueueEnable, sizeof(ushort)), // last: it locks the others
    ];

    private readonly VirtioDevice _device;
    private readonly Func<bool> _mayTransfer;
    private readonly Action<bool> _interrupt;
    private readonly VirtqueueTurns _turns;
    private VirtioTransportState _s; // without the queues, which remember for themselves

    /// <param name="device">The device.</param>
    /// <param name="memory">Guest memory.</param>
    /// <param name="clock">The machine's time.</param>
    /// <param name="mayTransfer">Whether the function may access memory now.</param>
    /// <param name="interrupt">Drives the interrupt pin.</param>
    public VirtioTransport(VirtioDevice device, IGuestMemory memory, IVirtualClock clock, Func<bool> mayTransfer, Action<bool> interrupt)
    {
        _device = device;
        _mayTransfer = mayTransfer;
        _interrupt = interrupt;
        _turns = new VirtqueueTurns(device, memory, clock, Serve);
        device.Transport = this;
    }

    /// <summary>The features that both sides agreed on.</summary>
    public ulong AcceptedFeatures => Has(VirtioStatus.FeaturesOk) ? _s.DriverFeatures : 0;

    private ulong OfferedFeatures =>
        _device.Features | VirtioFeature.IndirectDescriptors | VirtioFeature.EventIndex | VirtioFeature.Version1;

    private bool IsRunning => (_s.Status & (VirtioStatus.DriverOk | VirtioStatus.NeedsReset | VirtioStatus.Failed)) == VirtioStatus.DriverOk;

    private Virtqueue? Selected => _s.QueueSelect < _device.QueueCount ? _turns.Queues[_s.QueueSelect] : null;

    public VirtioTransportState Save()
    {
        VirtioTransportState state = _s;
        _turns.SaveTo(ref state);
        return state;
    }

    public void Load(in VirtioTransportState state)
    {
        _s = state;
        _turns.Load(state, AcceptedFeatures);
    }

    public void Reset()
    {
        _s = default;
        _turns.Reset();
        _interrupt(false);
    }

    /// <summary>Reads the ISR status, which clears it and releases the pin.</summary>
    public byte TakeInterruptStatus()
    {
        byte status = _s.InterruptStatus;
        _s.InterruptStatus = 0;
        _interrupt(false);
        return status;
    }

    /// <summary>Writes the common configuration structure as it reads now.</summary>
    public void FillCommon(Span<byte> image)
    {
        ulong offered = _s.DeviceFeatureSelect < 2 ? OfferedFeatures >> (32 * (int)_s.DeviceFeatureSelect) : 0;
        ulong accepted = _s.DriverFeatureSelect < 2 ? _s.DriverFeatures >> (32 * (int)_s.DriverFeatureSelect) : 0;
        VirtqueueState queue = Selected?.Save() ?? default;
        BinaryPrimitives.WriteUInt32LittleEndian(image[VirtioRegister.DeviceFeatureSelect..], _s.DeviceFeatureSelect);
        BinaryPrimitives.WriteUInt32LittleEndian(image[VirtioRegister.DeviceFeature..], (uint)offered);
        BinaryPrimitives.WriteUInt32LittleEndian(image[VirtioRegister.DriverFeatureSelect..], _s.DriverFeatureSelect);
        BinaryPrimitives.WriteUInt32LittleEndian(image[VirtioRegister.DriverFeature..], (uint)accepted);
        BinaryPrimitives.WriteUInt16LittleEndian(image[VirtioRegister.ConfigurationVector..], VirtioRegister.NoVector);
        BinaryPrimitives.WriteUInt16LittleEndian(image[VirtioRegister.QueueCount..], (ushort)_device.QueueCount);
        image[VirtioRegister.DeviceStatus] = (byte)_s.Status;
        image[VirtioRegister.ConfigurationGeneration] = _s.ConfigurationGeneration;
        BinaryPrimitives.WriteUInt16LittleEndian(image[VirtioRegister.QueueSelect..], _s.QueueSelect);
        BinaryPrimitives.WriteUInt16LittleEndian(image[VirtioRegister.QueueSize..], queue.Size);
        BinaryPrimitives.WriteUInt16LittleEndian(image[VirtioRegister.QueueVector..], VirtioRegister.NoVector);
        BinaryPrimitives.WriteUInt16LittleEndian(image[VirtioRegister.QueueEnable..], (ushort)(queue.IsEnabled ? 1 : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(image[VirtioRegister.QueueNotifyOffset..], Selected is null ? (ushort)0 : _s.QueueSelect);
        BinaryPrimitives.WriteUInt64LittleEndian(image[VirtioRegister.QueueDescriptors..], queue.Descriptors);
        BinaryPrimitives.WriteUInt64LittleEndian(image[VirtioRegister.QueueAvailable..], queue.Available);
        BinaryPrimitives.WriteUInt64LittleEndian(image[VirtioRegister.QueueUsed..], queue.Used);
    }

    /// <summary>Takes a write to the common configuration structure, of any width.</summary>
    /// <remarks>Each register that it touches is written, as it reads now with the bytes laid over it.</remarks>
    /// <param name="offset">The first byte's offset.</param>
    /// <param name="bytes">The bytes; those behind the structure are ignored.</param>
    public void WriteCommon(int offset, ReadOnlySpan<byte> bytes)
    {
        Span<byte> image = stackalloc byte[VirtioRegister.Length];
        FillCommon(image);
        bytes = bytes[..Math.Min(bytes.Length, image.Length - offset)];
        bytes.CopyTo(image[offset..]);
        foreach ((int register, int width) in WritableRegisters)
        {
            if (register < offset + bytes.Length && offset < register + width)
            {
                Write(register, image[register..]);
            }
        }
    }

    /// <summary>Tells the driver that the device-specific configuration has changed.</summary>
    public void ConfigurationChanged()
    {
        _s.ConfigurationGeneration++;
        if (Has(VirtioStatus.DriverOk))
        {
            Raise(ConfigurationInterrupt);
        }
    }

    /// <summary>Serves a queue: the driver has notified it, or the device has something for it.</summary>
    /// <param name="number">The queue; one that is not there or not ready is left alone.</param>
    public void Serve(int number)
    {
        if (number >= _device.QueueCount || !_turns.Queues[number].IsEnabled || !IsRunning || !_mayTransfer())
        {
            return;
        }

        bool isSound = _turns.TryServe(number, out bool interrupt);
        if (interrupt)
        {
            Raise(QueueInterrupt);
        }

        if (!isSound)
        {
            _s.Status |= VirtioStatus.NeedsReset;
            Raise(ConfigurationInterrupt);
        }
    }

    private void Write(int register, ReadOnlySpan<byte> bytes)
    {
        switch (register)
        {
            case VirtioRegister.DeviceFeatureSelect:
                _s.DeviceFeatureSelect = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                break;
            case VirtioRegister.DriverFeatureSelect:
                _s.DriverFeatureSelect = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                break;
            case VirtioRegister.DriverFeature:
                WriteDriverFeature(BinaryPrimitives.ReadUInt32LittleEndian(bytes));
                break;
            case VirtioRegister.DeviceStatus:
                WriteStatus((VirtioStatus)bytes[0]);
                break;
            case VirtioRegister.QueueSelect:
                _s.QueueSelect = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
                break;
            default:
                WriteQueue(register, bytes);
                break;
        }
    }

    private void WriteQueue(int register, ReadOnlySpan<byte> bytes)
    {
        if (Selected is not { } queue)
        {
            return;
        }

        VirtqueueState wanted = queue.Save();
        queue.Configure(register switch
        {
            VirtioRegister.QueueSize => wanted with { Size = BinaryPrimitives.ReadUInt16LittleEndian(bytes) },
            VirtioRegister.QueueDescriptors => wanted with { Descriptors = BinaryPrimitives.ReadUInt64LittleEndian(bytes) },
            VirtioRegister.QueueAvailable => wanted with { Available = BinaryPrimitives.ReadUInt64LittleEndian(bytes) },
            VirtioRegister.QueueUsed => wanted with { Used = BinaryPrimitives.ReadUInt64LittleEndian(bytes) },
            _ => wanted with { IsEnabled = BinaryPrimitives.ReadUInt16LittleEndian(bytes) == 1 },
        });
    }

    // What both agreed on stays as it is until a reset.
    private void WriteDriverFeature(uint value)
    {
        if (_s.DriverFeatureSelect < 2 && !Has(VirtioStatus.FeaturesOk))
        {
            int shift = 32 * (int)_s.DriverFeatureSelect;
            _s.DriverFeatures = (_s.DriverFeatures & ~((ulong)uint.MaxValue << shift)) | ((ulong)value << shift);
        }
    }

    // Bits are only added; 0 takes all away.
    private void WriteStatus(VirtioStatus value)
    {
        if (value == VirtioStatus.None)
        {
            Reset();
            return;
        }

        VirtioStatus added = value & DriverBits & ~_s.Status;
        bool acceptable = (_s.DriverFeatures & VirtioFeature.Version1) != 0 && (_s.DriverFeatures & ~OfferedFeatures) == 0;
        added &= acceptable ? DriverBits : ~VirtioStatus.FeaturesOk;
        added &= ((_s.Status | added) & VirtioStatus.FeaturesOk) != 0 ? DriverBits : ~VirtioStatus.DriverOk;
        _s.Status |= added;
        _turns.Agree(AcceptedFeatures);
        if ((added & VirtioStatus.DriverOk) != 0)
        {
            _device.OnDriverReady();
            for (int queue = 0; queue < _device.QueueCount; queue++)
            {
                Serve(queue); // some drivers fill their queues before they are ready, and do not notify again
            }
        }
    }

    private void Raise(byte cause)
    {
        _s.InterruptStatus |= cause;
        _interrupt(true);
    }

    private bool Has(VirtioStatus bit) => (_s.Status & bit) != 0;
}
