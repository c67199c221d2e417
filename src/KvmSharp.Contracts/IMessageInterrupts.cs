namespace KvmSharp;

/// <summary>Takes interrupts that are messages: a write of <c>data</c> to an address from FEE00000h. KVM: KVM_SIGNAL_MSI.</summary>
/// <remarks>
/// Local APICs stand behind it; an IO-APIC sends its redirection entries in this form, as KVM's split interrupt chip does, and a PCI
/// function its MSI and MSI-X. Any thread. Layout: Intel SDM Vol. 3A, "Message Address Register Format" and "Message Data Register Format".
/// </remarks>
public interface IMessageInterrupts
{
    /// <summary>Sends one message. A message that names no present processor is lost, as on the bus.</summary>
    /// <param name="address">The message address: FEEh in bits 31:20, destination in 19:12, redirection hint in bit 3, logical destination mode in bit 2.</param>
    /// <param name="data">The message data: vector in bits 7:0, delivery mode in 10:8, assert in bit 14, level triggering in bit 15.</param>
    void Send(ulong address, uint data);
}
