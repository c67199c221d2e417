namespace KvmSharp.Machines.Gdb;

/// <summary>The answer to a packet, and what the guest does then.</summary>
/// <param name="Reply">The answer; <see langword="null"/> for none, or for one that comes when the guest stops.</param>
/// <param name="Next">What the guest does.</param>
/// <param name="Resume">With <see cref="CommandNext.Resume"/>, how it goes on.</param>
internal readonly record struct CommandResult(string? Reply, CommandNext Next = CommandNext.Stay, ResumeRequest? Resume = null)
{
    public const string Ok = "OK";

    /// <summary>The answer to a packet that is not understood as a whole: the client tries something else.</summary>
    public const string Unsupported = "";

    public static implicit operator CommandResult(string reply) => new(reply);

    /// <summary>Makes an error; the numbers are those of errno, in hexadecimal.</summary>
    public static string Error(Errno number) => $"E{HexText.OfBytes([(byte)number])}";
}

/// <summary>What the guest does behind a packet.</summary>
internal enum CommandNext
{
    Stay,
    Resume,
    Detach,
    Kill,
}
