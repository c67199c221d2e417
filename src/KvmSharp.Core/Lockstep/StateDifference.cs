namespace KvmSharp.Lockstep;

/// <summary>One thing that differs between two machines.</summary>
/// <param name="Name">What: a register, bytes of memory in brackets with their guest-physical address, an event.</param>
/// <param name="Interpreter">Its value in the machine that is interpreted.</param>
/// <param name="Translator">Its value in the machine that is translated.</param>
public sealed record StateDifference(string Name, string Interpreter, string Translator);
