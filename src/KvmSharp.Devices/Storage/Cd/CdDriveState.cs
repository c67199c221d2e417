using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>What a CD-ROM drive remembers of its medium and of its last error.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct CdDriveState
{
    /// <summary>Gets or sets what REQUEST SENSE will say.</summary>
    public CdSense Sense { get; set; }

    /// <summary>Gets or sets a value indicating whether the host has yet to be told that the medium may have changed.</summary>
    public bool UnitAttention { get; set; }

    /// <summary>Gets or sets the media event that GET EVENT STATUS NOTIFICATION will report.</summary>
    public CdMediaEvent Event { get; set; }

    /// <summary>Gets or sets a value indicating whether the guest has locked the medium in.</summary>
    public bool IsLocked { get; set; }

    /// <summary>Gets or sets a value indicating whether the tray is open.</summary>
    public bool IsTrayOpen { get; set; }
}

/// <summary>Why a command failed: SPC-3, "Sense key and additional sense code definitions".</summary>
/// <param name="Key">The kind of failure.</param>
/// <param name="Code">The additional sense code.</param>
/// <param name="Qualifier">Its qualifier.</param>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct CdSense(CdSenseKey Key, byte Code, byte Qualifier)
{
    internal static CdSense None => default;

    internal static CdSense NoMedium { get; } = new(CdSenseKey.NotReady, 0x3A, 0x01);

    internal static CdSense TrayOpen { get; } = new(CdSenseKey.NotReady, 0x3A, 0x02);

    internal static CdSense UnreadableBlock { get; } = new(CdSenseKey.MediumError, 0x11, 0x00);

    internal static CdSense InvalidOperation { get; } = new(CdSenseKey.IllegalRequest, 0x20, 0x00);

    internal static CdSense AddressOutOfRange { get; } = new(CdSenseKey.IllegalRequest, 0x21, 0x00);

    internal static CdSense InvalidField { get; } = new(CdSenseKey.IllegalRequest, 0x24, 0x00);

    internal static CdSense SavingNotSupported { get; } = new(CdSenseKey.IllegalRequest, 0x39, 0x00);

    internal static CdSense RemovalPrevented { get; } = new(CdSenseKey.IllegalRequest, 0x53, 0x02);

    internal static CdSense MediumMayHaveChanged { get; } = new(CdSenseKey.UnitAttention, 0x28, 0x00);
}

/// <summary>Sense keys.</summary>
public enum CdSenseKey : byte
{
    /// <summary>Nothing to report.</summary>
    None = 0,

    /// <summary>There is no medium.</summary>
    NotReady = 2,

    /// <summary>The medium cannot be read.</summary>
    MediumError = 3,

    /// <summary>The command or a field of it is wrong.</summary>
    IllegalRequest = 5,

    /// <summary>Something changed that the host should know first.</summary>
    UnitAttention = 6,
}

/// <summary>Media events: MMC-3, "GET EVENT STATUS NOTIFICATION".</summary>
public enum CdMediaEvent : byte
{
    /// <summary>Nothing happened.</summary>
    None = 0,

    /// <summary>Somebody pressed the button of a locked drive.</summary>
    EjectRequest = 1,

    /// <summary>A medium was put in.</summary>
    NewMedia = 2,

    /// <summary>The medium was taken out.</summary>
    MediaRemoval = 3,
}
