namespace KvmSharp;

/// <summary>The interrupt chip that a virtual CPU asks for a vector when its INTR pin is asserted and IF is set.</summary>
/// <remarks>The chip itself drives the pin; this is only the interrupt-acknowledge cycle. KVM: KVM_CREATE_IRQCHIP.</remarks>
public interface IInterruptController
{
    /// <summary>Runs one interrupt-acknowledge cycle (INTA) for the most urgent request and puts it in service.</summary>
    /// <returns>The vector, 0 to 255. A request that has gone meanwhile gives the chip's spurious vector.</returns>
    byte Acknowledge();
}
