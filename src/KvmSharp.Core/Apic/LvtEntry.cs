namespace KvmSharp.Apic;

/// <summary>One entry of the local vector table. Intel SDM Vol. 3A, "Local Vector Table".</summary>
/// <remarks>
/// <code>
///  18:17  16    15       14         13        12        10:8      7:0
///  timer  mask  trigger  remoteIRR  polarity  delivery  delivery  vector
///  mode                                       status    mode
/// </code>
/// Delivery status always reads 0: an interrupt is accepted at once.
/// </remarks>
/// <param name="Value">The register.</param>
internal readonly record struct LvtEntry(uint Value)
{
    public const uint Masked = 1 << 16;
    public const uint RemoteRequest = 1 << 14;
    public const int Count = 6;

    private const uint VectorMask = 0xFF;
    private const uint DeliveryMask = 7 << 8;
    private const uint Polarity = 1 << 13;
    private const uint LevelTriggered = 1 << 15;
    private const int TimerModeShift = 17;
    private const uint TimerModeMask = 3u << TimerModeShift;

    public byte Vector => (byte)Value;

    public DeliveryMode Delivery => (DeliveryMode)((Value & DeliveryMask) >> 8);

    public bool IsMasked => (Value & Masked) != 0;

    /// <summary>Gets a value indicating whether the pin is level triggered, which counts for <see cref="DeliveryMode.Fixed"/> only.</summary>
    public bool IsLevel => (Value & LevelTriggered) != 0;

    public TimerMode TimerMode => (TimerMode)((Value & TimerModeMask) >> TimerModeShift);

    /// <summary>Gives the bits that software may set in an entry.</summary>
    /// <param name="register">The entry.</param>
    /// <returns>The bits.</returns>
    public static uint WritableBits(ApicRegister register) => register switch
    {
        ApicRegister.LvtTimer => VectorMask | Masked | TimerModeMask,
        ApicRegister.LvtLint0 or ApicRegister.LvtLint1 => VectorMask | DeliveryMask | Polarity | LevelTriggered | Masked,
        ApicRegister.LvtError => VectorMask | Masked,
        _ => VectorMask | DeliveryMask | Masked,
    };
}

/// <summary>What a timer does with its count: bits 18:17 of its entry.</summary>
internal enum TimerMode
{
    OneShot = 0,
    Periodic = 1,
    TscDeadline = 2,
    Reserved = 3,
}

/// <summary>What an interrupt is: bits 10:8 of entries, commands and messages.</summary>
internal enum DeliveryMode
{
    Fixed = 0,
    LowestPriority = 1,
    SystemManagement = 2,
    Nmi = 4,
    Init = 5,

    /// <summary>A start-up IPI; in an entry of the local vector table reserved.</summary>
    StartUp = 6,

    /// <summary>The vector comes from the 8259.</summary>
    External = 7,
}
