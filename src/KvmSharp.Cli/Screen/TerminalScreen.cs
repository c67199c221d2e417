using System.Runtime.InteropServices;
using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The terminal as monitor and keyboard of a guest, until it is disposed. On every way out of the process the terminal gets its state back.</summary>
internal sealed class TerminalScreen : IDisposable
{
    private const int FrameMilliseconds = 50;
    private const int UsualRows = 25;
    private const string Graphics = "The guest shows graphics, or its display is off. --screenshot-at-exit FILE.png keeps the picture. Ctrl-A x quits.";

    private readonly object _lock = new();
    private readonly Stream _output;
    private readonly RawTerminal? _raw;
    private readonly TerminalEscape? _escape;
    private readonly RunCancellation _cancellation;
    private readonly PosixSignalRegistration? _resized;
    private readonly TerminalPainter _painter = new();
    private readonly Thread _drawing;
    private TerminalKeys? _keys;
    private PcMachine? _machine;
    private long _lastTyped;
    private bool _ended;
    private int _restored;

    private TerminalScreen(RunCancellation cancellation)
    {
        _cancellation = cancellation;
        _output = StandardStreams.OpenOutput();
        _raw = RawTerminal.TryEnter();
        _escape = _raw is null ? null : new TerminalEscape(() => cancellation.Cancel(StopCause.Interrupted), Redraw);
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        AppDomain.CurrentDomain.UnhandledException += OnExit;
        cancellation.SecondSignal = Restore;
        _resized = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Redraw());
        Send(TerminalPainter.Enter);
        _drawing = new Thread(Draw) { IsBackground = true, Name = "screen" };
    }

    /// <summary>Takes the terminal, when the settings ask for it.</summary>
    /// <returns>The screen, or null.</returns>
    /// <exception cref="HostException">Standard output is no terminal.</exception>
    public static TerminalScreen? Open(RunSettings settings, RunCancellation cancellation)
    {
        if (!settings.TextScreen)
        {
            return null;
        }

        return Console.IsOutputRedirected
            ? throw new HostException("--screen text needs a terminal as standard output: leave it out, or use --screenshot-at-exit FILE.png.")
            : new TerminalScreen(cancellation);
    }

    /// <summary>Begins to draw a machine's screen and to type on its keyboard.</summary>
    public void Connect(PcMachine machine)
    {
        _machine = machine;
        _keys = new TerminalKeys(machine.Keyboard.Press);
        _drawing.Start();
        if (StandardStreams.OpenInput() is { } input)
        {
            new Thread(() => Read(input)) { IsBackground = true, Name = "keyboard" }.Start();
        }
    }

    /// <summary>Stops drawing and gives the terminal back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            Monitor.PulseAll(_lock);
        }

        if (_drawing.IsAlive)
        {
            _drawing.Join(TimeSpan.FromSeconds(1)); // a terminal that takes no bytes must not hold up the end
        }

        Restore();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        AppDomain.CurrentDomain.UnhandledException -= OnExit;
        _cancellation.SecondSignal = null;
        _resized?.Dispose();
    }

    private void OnExit(object? sender, EventArgs e) => Restore();

    private void Restore()
    {
        if (Interlocked.Exchange(ref _restored, 1) == 0)
        {
            Send(TerminalPainter.Leave);
            _raw?.Dispose();
        }
    }

    private void Redraw()
    {
        lock (_lock)
        {
            _painter.Forget();
        }
    }

    // Frames are painted by time, not by what the guest writes: the guest never waits for the terminal.
    private void Draw()
    {
        var capture = new ScreenCapture();
        while (TryPaint(capture, out string frame))
        {
            Send(frame);
            lock (_lock)
            {
                if (!_ended)
                {
                    Monitor.Wait(_lock, FrameMilliseconds);
                }
            }
        }
    }

    private bool TryPaint(ScreenCapture capture, out string frame)
    {
        lock (_lock)
        {
            if (Environment.TickCount64 - _lastTyped >= FrameMilliseconds)
            {
                _keys!.Pause();
            }

            frame = _painter.Paint(_machine!.Screen.ReadText(capture), Graphics, Rows());
            return !_ended;
        }
    }

    private void Read(Stream input)
    {
        var chunk = new byte[256];
        try
        {
            for (int count = input.Read(chunk); count > 0; count = input.Read(chunk))
            {
                ReadOnlySpan<byte> typed = _escape is null ? chunk.AsSpan(0, count) : _escape.Filter(chunk.AsSpan(0, count));
                lock (_lock)
                {
                    if (_ended)
                    {
                        return;
                    }

                    _keys!.Add(typed);
                    _lastTyped = Environment.TickCount64;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException)
        {
            // A terminal that has gone away types no more keys.
        }
    }

    private static int Rows()
    {
        try
        {
            return Console.WindowHeight is > 0 and int rows ? rows : UsualRows;
        }
        catch (IOException)
        {
            return UsualRows;
        }
    }

    private void Send(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        try
        {
            _output.Write(Encoding.UTF8.GetBytes(text));
            _output.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _cancellation.Cancel(StopCause.OutputClosed);
        }
    }
}
