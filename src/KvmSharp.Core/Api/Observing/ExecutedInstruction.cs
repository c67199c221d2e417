namespace KvmSharp;

/// <summary>An instruction that has been executed, and how often.</summary>
/// <param name="Linear">The linear address at which it was decoded first.</param>
/// <param name="Physical">The guest-physical address of its first byte.</param>
/// <param name="CodeBits">How it is decoded: 16, 32 or 64.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Count">How often it began, on all vCPUs together. One that faults has begun; all iterations under REP are one beginning, more when an interrupt comes between.</param>
public sealed record ExecutedInstruction(ulong Linear, ulong Physical, int CodeBits, ReadOnlyMemory<byte> Bytes, ulong Count);
