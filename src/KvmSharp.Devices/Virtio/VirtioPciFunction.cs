using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>A virtio device as a PCI function, without the interface from before version 1 ("modern").</summary>
/// <remarks>
/// One memory window of 16 KiB (register 4, 20h) holds the structures that the capabilities name, each on a page of its own:
/// <code>
/// 0000h common configuration | 1000h ISR status | 2000h configuration of the device | 3000h notifications, 4 bytes for each queue
/// </code>
/// The interrupt is INTA#. Not modelled: MSI-X; the interface of transitional devices.
/// Source: Virtual I/O Device 1.1, "Virtio Over PCI Bus".
/// </remarks>
public sealed class VirtioPciFunction : PciFunction, IMmioDevice, IStateful<VirtioPciState>
{
    /// <summary>The register of the window.</summary>
    public const int WindowBar = 4;

    /// <summary>The length of the window in bytes.</summary>
    public const int WindowBytes = 4 * PageBytes;

    private const int PageBytes = 0x1000;
    private const int CommonPage = 0;
    private const int InterruptStatusPage = 1;
    private const int DevicePage = 2;
    private const int NotificationPage = 3;
    private const int NotifyMultiplier = 4;

    private const int CommonCapability = 0x40;
    private const int NotificationCapability = CommonCapability + VirtioCapability.Bytes;
    private const int InterruptStatusCapability = NotificationCapability + VirtioCapability.Bytes + sizeof(uint);
    private const int DeviceCapability = InterruptStatusCapability + VirtioCapability.Bytes;
    private const int AccessCapability = DeviceCapability + VirtioCapability.Bytes;
    private const int AccessData = AccessCapability + VirtioCapability.More;

    private const ushort VirtioVendor = 0x1AF4;
    private const ushort FirstDeviceId = 0x1040; // plus the device type
    private const ushort Subsystem = 0x1100;     // any from 40h on, so that no old driver takes the device for its own
    private const byte Interrupts = 1;           // INTA#
    private const int WidestAccess = 8;

    private readonly VirtioDevice _device;
    private readonly VirtioTransport _transport;

    /// <summary>Makes a function in its power-on state.</summary>
    /// <param name="device">The device, which belongs to this function from now on.</param>
    /// <param name="memory">Guest memory, where the queues are.</param>
    /// <param name="clock">The machine's time; only a turn that is too long for one notification looks at it.</param>
    /// <param name="interruptPin">Its INTA# pin.</param>
    public VirtioPciFunction(VirtioDevice device, IGuestMemory memory, IVirtualClock clock, ISignal interruptPin)
        : base(Identify(device), interruptPin)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _device = device;
        _transport = new VirtioTransport(device, memory, clock, () => IsBusMaster, DriveInterrupt);
        AddBar(WindowBar, PciSpace.Memory32, WindowBytes, memory: this);
        MarkWritable(AccessCapability + VirtioCapability.Bar, byte.MaxValue);
        MarkWritable(AccessCapability + VirtioCapability.Offset, uint.MaxValue);
        MarkWritable(AccessCapability + VirtioCapability.Length, uint.MaxValue);
        MarkWritable(AccessData, uint.MaxValue);
        Reset();
    }

    /// <inheritdoc/>
    public VirtioPciState Save() => new() { Config = SaveConfig(), Transport = _transport.Save() };

    /// <inheritdoc/>
    public void Load(in VirtioPciState state)
    {
        _transport.Load(state.Transport);
        LoadConfig(state.Config);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _transport.Reset();
        PowerOnHeader();
        Write16(PciRegister.Status, (ushort)PciStatus.CapabilitiesList);
        Config[PciRegister.Capabilities] = CommonCapability;
        AddCapability(CommonCapability, NotificationCapability, VirtioStructure.Common, CommonPage, VirtioRegister.Length);
        AddCapability(
            NotificationCapability, InterruptStatusCapability, VirtioStructure.Notifications, NotificationPage, NotifyMultiplier * _device.QueueCount);
        BinaryPrimitives.WriteInt32LittleEndian(Config[(NotificationCapability + VirtioCapability.More)..], NotifyMultiplier);
        AddCapability(InterruptStatusCapability, DeviceCapability, VirtioStructure.InterruptStatus, InterruptStatusPage, sizeof(byte));
        AddCapability(DeviceCapability, AccessCapability, VirtioStructure.Device, DevicePage, VirtioDevice.ConfigurationBytes);
        VirtioCapability.Write(
            Config.Slice(AccessCapability, VirtioCapability.Bytes + sizeof(uint)), next: 0, VirtioStructure.ConfigurationAccess, bar: 0, offset: 0, length: 0);
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int width)
    {
        int place = (int)(offset % PageBytes);
        switch (offset / PageBytes)
        {
            case CommonPage:
                Span<byte> common = stackalloc byte[VirtioRegister.Length];
                _transport.FillCommon(common);
                return Read(common, place, width);
            case InterruptStatusPage:
                return place == 0 ? _transport.TakeInterruptStatus() : 0u;
            case DevicePage:
                Span<byte> configuration = stackalloc byte[VirtioDevice.ConfigurationBytes];
                configuration.Clear();
                _device.FillConfiguration(configuration);
                return Read(configuration, place, width);
            default:
                return 0;
        }
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
        int place = (int)(offset % PageBytes);
        switch (offset / PageBytes)
        {
            case CommonPage when place < VirtioRegister.Length:
                Span<byte> bytes = stackalloc byte[WidestAccess];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
                _transport.WriteCommon(place, bytes[..Math.Min(width, VirtioRegister.Length - place)]);
                break;
            case NotificationPage:
                _transport.Serve(place / NotifyMultiplier);
                break;
            default:
                break; // no device of ours has a configuration that can be written
        }
    }

    /// <inheritdoc/>
    protected override void OnConfigReading(int offset, int width)
    {
        if (TouchesData(offset, width) && TryLocateAccess(out uint place, out int bytes))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Config[AccessData..], (uint)ReadMmio(place, bytes));
        }
    }

    /// <inheritdoc/>
    protected override void OnConfigWritten(int offset, int width)
    {
        if (TouchesData(offset, width) && TryLocateAccess(out uint place, out int bytes))
        {
            uint mask = uint.MaxValue >> (8 * (sizeof(uint) - bytes));
            WriteMmio(place, bytes, BinaryPrimitives.ReadUInt32LittleEndian(Config[AccessData..]) & mask);
        }
    }

    private static PciIdentity Identify(VirtioDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new PciIdentity
        {
            VendorId = VirtioVendor,
            DeviceId = (ushort)(FirstDeviceId + device.Type),
            ClassCode = device.ClassCode,
            Revision = 1,
            SubsystemVendorId = VirtioVendor,
            SubsystemId = Subsystem,
            InterruptPin = Interrupts,
        };
    }

    // Bytes behind the structure are 0.
    private static ulong Read(ReadOnlySpan<byte> structure, int place, int width)
    {
        Span<byte> bytes = stackalloc byte[WidestAccess];
        bytes.Clear();
        if (place < structure.Length)
        {
            structure.Slice(place, Math.Min(width, structure.Length - place)).CopyTo(bytes);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static bool TouchesData(int offset, int width) => offset < AccessData + sizeof(uint) && AccessData < offset + width;

    private void AddCapability(int place, int next, VirtioStructure type, int page, int length)
    {
        int bytes = next - place;
        VirtioCapability.Write(Config.Slice(place, bytes), next, type, WindowBar, page * PageBytes, length);
    }

    // What the driver wrote into the capability; anything else than an aligned access of 1, 2 or 4 bytes in the window does nothing.
    private bool TryLocateAccess(out uint place, out int bytes)
    {
        Span<byte> capability = Config[AccessCapability..];
        place = BinaryPrimitives.ReadUInt32LittleEndian(capability[VirtioCapability.Offset..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(capability[VirtioCapability.Length..]);
        bytes = (int)length;
        return capability[VirtioCapability.Bar] == WindowBar && length is 1 or 2 or 4 && place % length == 0 && place < WindowBytes;
    }
}
