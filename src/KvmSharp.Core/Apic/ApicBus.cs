using KvmSharp.Engine;

namespace KvmSharp.Apic;

/// <summary>What joins the local APICs of a machine: finds whom a message is for. Any thread, without a lock.</summary>
/// <param name="engines">Gives the vCPUs of the machine.</param>
internal sealed class ApicBus(Func<VcpuEngine[]> engines) : IMessageInterrupts
{
    private const uint MessageArea = 0xFEE;
    private const int MessageAreaShift = 20;

    /// <inheritdoc/>
    public void Send(ulong address, uint data)
    {
        InterruptMessage message = InterruptMessage.OfDevice(address, data);
        if (address >> MessageAreaShift == MessageArea && !message.IsDeassert)
        {
            Send(message);
        }
    }

    /// <summary>Sends a message to those that it addresses.</summary>
    /// <param name="message">The message.</param>
    public void Send(in InterruptMessage message)
    {
        LocalApic? leastBusy = null;
        foreach (VcpuEngine engine in engines())
        {
            if (engine.Apic is not { } apic || !apic.IsAddressedBy(message))
            {
                continue;
            }

            if (message.Delivery != DeliveryMode.LowestPriority)
            {
                apic.Receive(message);
            }
            else if (apic.IsSoftwareEnabled && (leastBusy is null || apic.ProcessorPriority < leastBusy.ProcessorPriority))
            {
                leastBusy = apic; // of equals the first: the choice must not depend on the past, or runs would differ
            }
        }

        leastBusy?.Receive(message);
    }

    /// <summary>Sends a message to all, or to all but its sender, whatever their mode.</summary>
    /// <param name="message">The message.</param>
    /// <param name="except">Who is left out, if anybody.</param>
    public void SendToAll(in InterruptMessage message, LocalApic? except)
    {
        foreach (VcpuEngine engine in engines())
        {
            if (engine.Apic is { IsEnabled: true } apic && apic != except)
            {
                apic.Receive(message);
            }
        }
    }
}
