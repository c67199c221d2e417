using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The PCI bus as the board wires it: functions in slots, their windows on the buses, their interrupt pins on the four PIRQ lines.</summary>
/// <remarks>The pins are rotated from slot to slot, as QEMU's PC has them and its firmware's tables say: pin p of slot s drives PIRQ (p - 1 + s - 1) mod 4.</remarks>
internal sealed class PciSlots
{
    private readonly OrGate[] _pirqs = new OrGate[Piix3IsaBridge.PirqCount];

    /// <param name="windows">Where windows go.</param>
    /// <param name="pirq">The input of a PIRQ line by its number: the ISA bridge's.</param>
    public PciSlots(PciWindows windows, Func<int, ISignal> pirq)
    {
        Windows = windows;
        for (int line = 0; line < _pirqs.Length; line++)
        {
            _pirqs[line] = new OrGate(pirq(line));
        }
    }

    /// <summary>Gets the functions by number.</summary>
    public PciBus Bus { get; } = new();

    /// <summary>Gets the functions' windows.</summary>
    public PciWindows Windows { get; }

    /// <summary>Gets the PIRQ line that a pin is wired to.</summary>
    /// <param name="slot">The device number.</param>
    /// <param name="pin">1 for INTA#.</param>
    /// <returns>0 for PIRQA# to 3 for PIRQD#.</returns>
    public static int PirqOf(int slot, int pin) => (pin - 1 + slot - 1) & (Piix3IsaBridge.PirqCount - 1);

    /// <summary>Makes the wire for a function's INTA# pin.</summary>
    /// <param name="slot">The device number.</param>
    /// <returns>The wire.</returns>
    public ISignal InterruptPin(int slot) => _pirqs[PirqOf(slot, pin: 1)].AddInput();

    /// <summary>Puts a function into a slot and opens its windows as the guest places them.</summary>
    /// <param name="slot">The device number.</param>
    /// <param name="function">The function number.</param>
    /// <param name="part">The function.</param>
    public void Add(int slot, int function, PciFunction part)
    {
        Bus.Add(slot, function, part);
        Windows.Follow(part);
    }
}
