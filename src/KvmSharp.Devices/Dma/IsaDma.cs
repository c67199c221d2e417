using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>The DMA of a PC/AT: two 8237A, the first one's requests going through channel 4 of the second, and their page registers.</summary>
/// <remarks>The cascade is always open: channel 4 need not be set up for channels 0 to 3 to work.</remarks>
public sealed class IsaDma : IStateful<IsaDmaState>
{
    private const int ChannelCount = 2 * Dma8237.Channels;
    private readonly DmaChannel[] _channels = new DmaChannel[ChannelCount];

    /// <summary>Makes the controllers in their power-on state.</summary>
    /// <param name="memory">Where transfers go to and come from; addresses have 24 bits.</param>
    public IsaDma(IGuestMemory memory)
    {
        for (int channel = 0; channel < ChannelCount; channel++)
        {
            _channels[channel] = new DmaChannel(channel < Dma8237.Channels ? First : Second, Pages, memory, channel);
        }
    }

    /// <summary>Gets the chip of channels 0 to 3, which move bytes; map its 16 ports to 00h.</summary>
    public Dma8237 First { get; } = new();

    /// <summary>Gets the chip of channels 4 to 7, which move words; map its 32 ports to C0h.</summary>
    public Dma8237 Second { get; } = new(portShift: 1);

    /// <summary>Gets the page registers; map offsets 1 to 15 to 81h.</summary>
    public DmaPageRegisters Pages { get; } = new();

    /// <summary>Gets a channel for the device that is wired to it.</summary>
    /// <param name="number">0 to 7, except 4, which is the cascade.</param>
    /// <returns>The channel; each call gives the same object.</returns>
    public DmaChannel Channel(int number) => _channels[number];

    /// <inheritdoc/>
    public IsaDmaState Save() => new() { First = First.Save(), Second = Second.Save(), Pages = Pages.Save() };

    /// <inheritdoc/>
    public void Load(in IsaDmaState state)
    {
        First.Load(state.First);
        Second.Load(state.Second);
        Pages.Load(state.Pages);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        First.Reset();
        Second.Reset();
        Pages.Reset();
    }
}

/// <summary>All that the DMA of a PC/AT remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct IsaDmaState
{
    /// <summary>Gets or sets the chip of channels 0 to 3.</summary>
    public Dma8237State First { get; set; }

    /// <summary>Gets or sets the chip of channels 4 to 7.</summary>
    public Dma8237State Second { get; set; }

    /// <summary>Gets or sets the page registers.</summary>
    public DmaPages Pages { get; set; }
}
