using System.Text;
using System.Text.RegularExpressions;

namespace KvmSharp.Testing;

/// <summary>The machine's first serial port (COM1), with the test at its other end.</summary>
/// <remarks>Text is UTF-8; a byte that is none becomes U+FFFD.</remarks>
public sealed class GuestSerial
{
    private readonly GuestMachine _machine;
    private readonly SerialPort _port;

    internal GuestSerial(GuestMachine machine, SerialPort port)
    {
        _machine = machine;
        _port = port;
    }

    /// <summary>Gets all that the guest has sent so far; of more than some millions of characters the last ones.</summary>
    public string Transcript => _port.Transcript.ToString();

    /// <summary>Gets the last lines of the transcript.</summary>
    /// <param name="most">The most lines.</param>
    /// <returns>The lines, without their ends.</returns>
    public IReadOnlyList<string> LastLines(int most = 20) => _port.Transcript.LastLines(most);

    /// <summary>Runs the guest until it has sent a text, and no instruction further. What came before the text counts as read.</summary>
    /// <param name="text">The text, compared by its characters.</param>
    /// <param name="budget">How far it may run; <see cref="Budget.Default"/> unless given.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The text and what came before it.</returns>
    /// <exception cref="GuestExpectationException">The guest stopped, panicked or used the budget up without having sent it.</exception>
    public Task<SerialMatch> ExpectAsync(string text, Budget? budget = null, CancellationToken cancellation = default) =>
        _machine.ExpectAsync(_port, ExpectedText.Of(text), budget ?? Budget.Default, cancellation);

    /// <summary>Runs the guest until what it has sent matches a regular expression, looked for behind each character among the last 8,192 unread ones.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="budget">How far it may run; <see cref="Budget.Default"/> unless given.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The match and what came before it.</returns>
    /// <exception cref="GuestExpectationException">The guest stopped, panicked or used the budget up without a match.</exception>
    public Task<SerialMatch> ExpectAsync(Regex pattern, Budget? budget = null, CancellationToken cancellation = default) =>
        _machine.ExpectAsync(_port, ExpectedText.Of(pattern), budget ?? Budget.Default, cancellation);

    /// <summary>Lays bytes ready for the guest, which gets them as fast as it takes them when it runs again.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>A finished task: the machine does not run meanwhile.</returns>
    public Task SendAsync(ReadOnlyMemory<byte> bytes) => _machine.WhileStill(() =>
    {
        _port.Send(bytes.Span);
        _machine.Pc.NotifyInput();
    });

    /// <summary>Lays a text ready for the guest.</summary>
    /// <param name="text">The text.</param>
    /// <returns>A finished task: the machine does not run meanwhile.</returns>
    public Task SendAsync(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendAsync(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Lays a line ready for the guest: the text and a carriage return, as a terminal's Enter key sends it.</summary>
    /// <param name="line">The text.</param>
    /// <returns>A finished task: the machine does not run meanwhile.</returns>
    public Task SendLineAsync(string line) => SendAsync(line + "\r");
}
