using System.Text.RegularExpressions;
using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>What the machine's monitor shows.</summary>
public sealed class GuestScreen
{
    private readonly GuestMachine _machine;

    internal GuestScreen(GuestMachine machine) => _machine = machine;

    /// <summary>Gets the rows of the text mode, a line feed behind each, without the empty ones at the end; empty in graphics modes.</summary>
    public string Text => _machine.Pc.Screen.ReadText().ToString();

    /// <summary>Runs the guest until its text screen shows a text within one row. The screen is looked at every 50,000 instructions.</summary>
    /// <param name="text">The text.</param>
    /// <param name="budget">How far it may run; <see cref="Budget.Default"/> unless given.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The screen that shows it.</returns>
    /// <exception cref="GuestExpectationException">The guest stopped, panicked or used the budget up without having shown it.</exception>
    public Task<TextScreen> ExpectAsync(string text, Budget? budget = null, CancellationToken cancellation = default) =>
        _machine.ExpectScreenAsync(ExpectedText.Of(text), budget ?? Budget.Default, cancellation);

    /// <summary>Runs the guest until its text screen matches a regular expression, rows being separated by line feeds.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="budget">How far it may run; <see cref="Budget.Default"/> unless given.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The screen that matches.</returns>
    /// <exception cref="GuestExpectationException">The guest stopped, panicked or used the budget up without a match.</exception>
    public Task<TextScreen> ExpectAsync(Regex pattern, Budget? budget = null, CancellationToken cancellation = default) =>
        _machine.ExpectScreenAsync(ExpectedText.Of(pattern), budget ?? Budget.Default, cancellation);
}
