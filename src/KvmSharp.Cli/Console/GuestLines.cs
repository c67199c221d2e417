using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The host's ends of a guest's lines: standard input and output at its virtio console or else its serial port, perhaps a file at the serial port.</summary>
internal sealed class GuestLines : IDisposable
{
    private readonly RunSettings _settings;
    private readonly GuestOutput? _file;
    private readonly GuestOutput? _output;
    private readonly RawTerminal? _terminal;
    private readonly GuestInput? _input;
    private TerminalSize? _size;

    /// <summary>Opens what the settings ask for, and begins to read.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="cancellation">Cancelled by the terminal's escape, and when an output takes no more.</param>
    /// <param name="errors">Gets the help on the terminal's escapes.</param>
    /// <exception cref="HostException">The file cannot be written, or standard output is closed.</exception>
    public GuestLines(RunSettings settings, RunCancellation cancellation, TextWriter errors)
    {
        GuestOutput Open(Stream stream) => new(stream, _ => cancellation.Cancel(StopCause.OutputClosed));

        _settings = settings;
        _output = settings.UsesStandardStreams ? Open(StandardStreams.OpenOutput()) : null;
        _file = settings.Serial.Kind == SerialTargetKind.File ? Open(HostFiles.Create(settings.Serial.Path, "serial")) : null;
        _terminal = settings.UsesStandardStreams ? RawTerminal.TryEnter() : null;
        if (_terminal is not null)
        {
            cancellation.SecondSignal = _terminal.Dispose;
        }

        if (settings.UsesStandardStreams && StandardStreams.OpenInput() is { } stream)
        {
            var escape = new TerminalEscape(
                quit: () => cancellation.Cancel(StopCause.Interrupted),
                help: () => errors.Write("\nCtrl-A x  quit\nCtrl-A h  this help\nCtrl-A a  send Ctrl-A\n"));
            _input = new GuestInput(stream, _terminal is null ? null : escape);
        }

        var standard = new SerialEnds(_output, _input, cancellation.Token);
        Serial = settings.Serial.Kind == SerialTargetKind.StandardStreams ? standard : new SerialEnds(_file, null, cancellation.Token);
        Console = settings.HasConsole ? standard : null;
        if (settings.Deterministic && _terminal is null)
        {
            _input?.Gather();
        }
    }

    /// <summary>Gets the end of the serial port.</summary>
    public ISerialHost Serial { get; }

    /// <summary>Gets the end of the virtio console, if there is one.</summary>
    public ISerialHost? Console { get; }

    /// <summary>Gets a value indicating whether standard output ends within a line of the guest's.</summary>
    public bool IsWithinLine => _output is { IsWithinLine: true };

    /// <summary>Begins to tell the machine of input, and of the terminal's size when that cannot make two deterministic runs differ.</summary>
    public void Connect(PcMachine machine)
    {
        _input?.Connect(machine.NotifyInput);
        _size = _settings is { HasConsole: true, Deterministic: false } ? new TerminalSize(machine) : null;
    }

    /// <summary>Ends all calls to the machine, writes what is left, and gives the terminal back.</summary>
    /// <param name="limit">How long to wait for a slow reader.</param>
    public void Close(TimeSpan limit)
    {
        _size?.Dispose();
        _input?.Disconnect();
        _output?.Drain(limit);
        _file?.Drain(limit);
        _terminal?.Dispose();
    }

    /// <summary>Gives the terminal back; what was not written is lost.</summary>
    public void Dispose()
    {
        _size?.Dispose();
        _terminal?.Dispose();
        _file?.Dispose();
        _output?.Dispose();
    }
}
