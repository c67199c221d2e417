using System.Runtime.InteropServices;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Tells a guest at its virtio console how large the terminal at standard output is, now and whenever that changes, until it is disposed.</summary>
/// <remarks>
/// Not <see cref="System.Console.WindowWidth"/>: its first use changes the terminal's mode, under the guest. Only Linux is asked; elsewhere, and
/// where standard output is no terminal, the guest keeps the console's usual 80 by 25.
/// </remarks>
internal sealed class TerminalSize : IDisposable
{
    private const int StandardOutput = 1;
    private const nuint GetWindowSize = 0x5413; // TIOCGWINSZ of asm-generic/ioctls.h

    private readonly PcMachine _machine;
    private readonly PosixSignalRegistration? _changed;

    /// <summary>Begins to follow the terminal.</summary>
    /// <param name="machine">The guest's machine.</param>
    public TerminalSize(PcMachine machine)
    {
        _machine = machine;
        if (OperatingSystem.IsLinux())
        {
            _changed = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Tell());
            Tell();
        }
    }

    /// <summary>Ends it.</summary>
    public void Dispose() => _changed?.Dispose();

    private void Tell()
    {
        if (Ask(StandardOutput, GetWindowSize, out WindowSize size) == 0 && size is { Columns: > 0, Rows: > 0 })
        {
            _machine.ResizeConsole(size.Columns, size.Rows);
        }
    }

    [DllImport("libc", EntryPoint = "ioctl")]
    private static extern int Ask(int descriptor, nuint request, out WindowSize size);

    // struct winsize
    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort WidthInPixels;
        public ushort HeightInPixels;
    }
}
