namespace KvmSharp.Cli;

/// <summary>Ctrl-A on a terminal, as in QEMU and minicom: x quits, h helps, Ctrl-A sends itself.</summary>
/// <param name="quit">Called for Ctrl-A x.</param>
/// <param name="help">Called for Ctrl-A h.</param>
internal sealed class TerminalEscape(Action quit, Action help)
{
    private const byte ControlA = 0x01;

    private bool _pending;

    /// <summary>Takes the escapes out of what was typed.</summary>
    /// <returns>What is left for the guest; in the same memory.</returns>
    public ReadOnlySpan<byte> Filter(Span<byte> typed)
    {
        int kept = 0;
        foreach (byte value in typed)
        {
            if (!_pending)
            {
                _pending = value == ControlA;
                if (!_pending)
                {
                    typed[kept++] = value;
                }

                continue;
            }

            _pending = false;
            switch ((char)value)
            {
                case 'x' or 'X':
                    quit();
                    break;
                case 'h' or 'H' or '?':
                    help();
                    break;
                case (char)ControlA or 'a':
                    typed[kept++] = ControlA;
                    break;
                default:
                    break; // as in QEMU, an unknown escape is swallowed
            }
        }

        return typed[..kept];
    }
}
