namespace KvmSharp.Apic;

/// <summary>One interrupt on its way to local APICs: an IPI, or a message of a device.</summary>
internal readonly record struct InterruptMessage
{
    /// <summary>The destination that means all: FFh of 8 bits, all ones of 32.</summary>
    public const uint Broadcast = uint.MaxValue;

    private const byte BroadcastByte = byte.MaxValue;
    private const uint LogicalBit = 1 << 11;
    private const uint AssertBit = 1 << 14;
    private const uint LevelTriggerBit = 1 << 15;

    public byte Vector { get; init; }

    public DeliveryMode Delivery { get; init; }

    /// <summary>Gets an APIC id, or a set of logical ids; <see cref="Broadcast"/> for all.</summary>
    public uint Destination { get; init; }

    public bool IsLogical { get; init; }

    public bool IsLevel { get; init; }

    /// <summary>Gets a value indicating whether this is the second half of a level-triggered INIT, which does nothing any more.</summary>
    public bool IsDeassert { get; init; }

    /// <summary>Reads a command as software writes it. Intel SDM Vol. 3A, "Interrupt Command Register (ICR)".</summary>
    /// <param name="command">Its low half.</param>
    /// <param name="destination">Its high half: in bits 31:24, in x2APIC mode in all.</param>
    /// <param name="isX2Apic">Whether the sender is in x2APIC mode.</param>
    /// <returns>The message; the shorthand is the sender's affair.</returns>
    public static InterruptMessage OfCommand(uint command, uint destination, bool isX2Apic)
    {
        bool level = (command & LevelTriggerBit) != 0;
        return new InterruptMessage
        {
            Vector = (byte)command,
            Delivery = (DeliveryMode)((command >> 8) & 7),
            Destination = isX2Apic ? destination : Widen((byte)(destination >> 24)),
            IsLogical = (command & LogicalBit) != 0,
            IsDeassert = level && (command & AssertBit) == 0,
        };
    }

    /// <summary>Reads a message of a device. Intel SDM Vol. 3A, "Message Address Register Format", "Message Data Register Format".</summary>
    /// <param name="address">The address.</param>
    /// <param name="data">The data.</param>
    /// <returns>The message.</returns>
    public static InterruptMessage OfDevice(ulong address, uint data)
    {
        const ulong LogicalDestination = 1 << 2;
        const ulong RedirectionHint = 1 << 3;
        DeliveryMode delivery = (DeliveryMode)((data >> 8) & 7);

        // The hint asks for the one processor, of those addressed, that is least busy.
        bool picksOne = (address & (RedirectionHint | LogicalDestination)) == (RedirectionHint | LogicalDestination);
        return new InterruptMessage
        {
            Vector = (byte)data,
            Delivery = picksOne && delivery == DeliveryMode.Fixed ? DeliveryMode.LowestPriority : delivery,
            Destination = Widen((byte)(address >> 12)),
            IsLogical = (address & LogicalDestination) != 0,
            IsLevel = (data & LevelTriggerBit) != 0,
            IsDeassert = (data & (LevelTriggerBit | AssertBit)) == LevelTriggerBit,
        };
    }

    private static uint Widen(byte destination) => destination == BroadcastByte ? Broadcast : destination;
}
