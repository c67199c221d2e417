using System.Runtime.InteropServices;

namespace KvmSharp.Cli;

/// <summary>Puts the terminal at standard input into raw mode until it is disposed: each key goes to the guest at once, unechoed.</summary>
/// <remarks>
/// Output processing stays on, so a guest that sends bare line feeds stays readable. On Windows nothing is changed.
/// The layout of <c>struct termios</c> differs between systems, so it is kept as bytes; only c_oflag is touched by place.
/// </remarks>
internal sealed class RawTerminal : IDisposable
{
    private const int StandardInput = 0;
    private const int ApplyNow = 0; // TCSANOW
    private const int StateBytes = 256; // larger than any system's struct termios

    private readonly byte[] _original;

    private RawTerminal(byte[] original)
    {
        _original = original;

        // However the process ends, the user's shell needs its terminal.
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        AppDomain.CurrentDomain.UnhandledException += OnExit;
    }

    /// <summary>Gets a value indicating whether standard input is a terminal that can be made raw.</summary>
    public static bool IsAvailable => !OperatingSystem.IsWindows() && !Console.IsInputRedirected;

    /// <summary>Makes the terminal raw, or gives null when it cannot be.</summary>
    public static RawTerminal? TryEnter()
    {
        var original = new byte[StateBytes];
        if (!IsAvailable || GetState(StandardInput, original) != 0)
        {
            return null;
        }

        var raw = (byte[])original.Clone();
        MakeRaw(raw);

        // c_oflag is the second word: 32 bits on Linux, 64 on macOS.
        int word = OperatingSystem.IsMacOS() ? sizeof(ulong) : sizeof(uint);
        original.AsSpan(word, word).CopyTo(raw.AsSpan(word));
        return SetState(StandardInput, ApplyNow, raw) == 0 ? new RawTerminal(original) : null;
    }

    /// <summary>Gives the terminal its old state back. A second call does the same again.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        AppDomain.CurrentDomain.UnhandledException -= OnExit;
        _ = SetState(StandardInput, ApplyNow, _original);
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();

    [DllImport("libc", EntryPoint = "tcgetattr")]
    private static extern int GetState(int descriptor, [Out] byte[] state);

    [DllImport("libc", EntryPoint = "tcsetattr")]
    private static extern int SetState(int descriptor, int action, [In] byte[] state);

    [DllImport("libc", EntryPoint = "cfmakeraw")]
    private static extern void MakeRaw([In, Out] byte[] state);
}
