namespace KvmSharp.Cli;

/// <summary>The statuses that the command ends with. Our own are even, so that none is ever taken for a guest's debug-exit, which is odd.</summary>
internal static class ExitStatus
{
    /// <summary>The guest powered off, or halted for good; or a verb without a guest did its work.</summary>
    public const int Success = 0;

    /// <summary><c>compare</c> found a difference, as cmp(1) says it. Odd, but that verb never ends with a guest's status.</summary>
    public const int Different = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A triple fault.</summary>
    public const int TripleFault = 4;

    /// <summary>The instruction budget is used up.</summary>
    public const int Budget = 6;

    /// <summary>The guest needs something that is not emulated, or touched what <c>--fail-on-unmapped</c> forbids.</summary>
    public const int Unsupported = 8;

    /// <summary>A submission of a lab has not got full marks.</summary>
    public const int NotFullMarks = 10;

    /// <summary>The image or snapshot is missing, unreadable, empty, malformed or too large (EX_NOINPUT).</summary>
    public const int Image = 66;

    /// <summary>The host cannot do its part: a file cannot be written, the output was closed (EX_SOFTWARE).</summary>
    public const int Host = 70;

    /// <summary>The time limit has passed; the number is that of timeout(1).</summary>
    public const int Timeout = 124;

    /// <summary>Ctrl-C, SIGTERM, or Ctrl-A x: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
