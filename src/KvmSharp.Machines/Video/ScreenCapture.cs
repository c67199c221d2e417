using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>All that decides what the monitor shows, copied at one moment: reading it needs no lock. One capture can be filled again and again.</summary>
public sealed class ScreenCapture
{
    private byte[] _memory = [];

    /// <summary>Gets the VGA's registers.</summary>
    public VgaState Vga { get; private set; }

    /// <summary>Gets the registers of the display interface; all zero when the adapter has none.</summary>
    public BochsDisplayState Display { get; private set; }

    /// <summary>Gets a value indicating whether the display interface's mode is shown instead of the VGA's.</summary>
    public bool IsLinear { get; private set; }

    /// <summary>Gets the video memory: the part that the picture can come from.</summary>
    public ReadOnlySpan<byte> Memory => _memory;

    /// <summary>Copies the present state. Call with the device lock held.</summary>
    /// <param name="vga">The adapter.</param>
    /// <param name="display">Its display interface, if there is one.</param>
    /// <param name="textOnly">Leaves out the memory of a linear mode: many megabytes, and no text is in them.</param>
    internal void Fill(Vga vga, BochsDisplay? display, bool textOnly = false)
    {
        Vga = vga.Save();
        Display = display?.Save() ?? default;
        IsLinear = display is { IsEnabled: true };
        ReadOnlySpan<byte> visible = vga.Memory.Look(0, !IsLinear ? VideoMemory.VgaBytes : textOnly ? 0 : vga.Memory.Length);
        if (_memory.Length != visible.Length)
        {
            _memory = new byte[visible.Length];
        }

        visible.CopyTo(_memory);
    }
}
