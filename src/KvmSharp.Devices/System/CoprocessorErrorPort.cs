namespace KvmSharp.Devices;

/// <summary>The board's circuit between the x87's error pin and IRQ 13 (ports F0h and F1h): the PC/AT way to report floating-point exceptions.</summary>
/// <remarks>
/// FERR sets a latch that requests IRQ 13. The handler writes to offset 0: the request goes, and IGNNE tells the processor to execute
/// x87 instructions in spite of the exception, until FERR goes. Offset 1 clears both latches; on the AT it also reset the
/// coprocessor, which the processor's own x87 does not let happen. What is written does not matter; reads find nothing on the bus.
/// Sources: Intel SDM Vol. 1, "MS-DOS Compatibility Sub-mode" and the appendix "Guidelines for Writing SIMD and x87 FPU Exception
/// Handlers"; Intel 82371SB (PIIX3) data sheet, "Coprocessor Error Register"; IBM PC AT Technical Reference, "Math Coprocessor".
/// </remarks>
public sealed class CoprocessorErrorPort : BytePortDevice, IStateful<CoprocessorErrorPortState>
{
    private const int PortCount = 2;
    private const int ClearBusy = 0;

    private readonly ISignal _interrupt;
    private readonly ISignal _ignoreError;
    private CoprocessorErrorPortState _s;

    /// <summary>Makes the circuit in its power-on state: no error, no request.</summary>
    /// <param name="interrupt">IRQ 13.</param>
    /// <param name="ignoreError">The processor's IGNNE pin.</param>
    public CoprocessorErrorPort(ISignal interrupt, ISignal ignoreError)
        : base(PortCount)
    {
        _interrupt = interrupt;
        _ignoreError = ignoreError;
        Error = new ErrorPin(this);
        Reset();
    }

    /// <summary>Gets the input for the processor's FERR pin; asserted while an exception waits.</summary>
    public ISignal Error { get; }

    /// <inheritdoc/>
    public CoprocessorErrorPortState Save() => _s;

    /// <inheritdoc/>
    public void Load(in CoprocessorErrorPortState state)
    {
        _s = state;
        _interrupt.Drive(_s.IsRequested);
        _ignoreError.Drive(_s.IsIgnored);
    }

    /// <inheritdoc/>
    public void Reset() => Load(default);

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => OpenBus;

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value) =>
        Load(_s with { IsRequested = false, IsIgnored = port == ClearBusy && _s.HasError });

    private void SetError(bool asserted) => Load(new CoprocessorErrorPortState
    {
        HasError = asserted,
        IsRequested = _s.IsRequested || (asserted && !_s.HasError),
        IsIgnored = _s.IsIgnored && asserted,
    });

    private sealed class ErrorPin(CoprocessorErrorPort port) : ISignal
    {
        public void Drive(bool asserted) => port.SetError(asserted);
    }
}

/// <summary>All that <see cref="CoprocessorErrorPort"/> remembers.</summary>
public record struct CoprocessorErrorPortState
{
    /// <summary>Gets or sets a value indicating whether FERR is asserted.</summary>
    public bool HasError { get; set; }

    /// <summary>Gets or sets a value indicating whether IRQ 13 is requested.</summary>
    public bool IsRequested { get; set; }

    /// <summary>Gets or sets a value indicating whether IGNNE is asserted.</summary>
    public bool IsIgnored { get; set; }
}
