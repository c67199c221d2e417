namespace KvmSharp.Machines.Gdb;

/// <summary>One register as the debugger sees it.</summary>
/// <param name="Name">Its name, gdb's own where gdb knows it.</param>
/// <param name="Bits">Its width: 16 to 128, whole bytes.</param>
/// <param name="Type">Its type in the target description.</param>
/// <param name="Get">Reads it.</param>
/// <param name="Set">Changes it.</param>
internal sealed record RegisterDefinition(
    string Name, int Bits, string Type, Func<RegisterSnapshot, UInt128> Get, Action<RegisterSnapshot, UInt128> Set)
{
    public int Bytes => Bits / 8;

    /// <summary>Gets the group in gdb's lists; <see langword="null"/> lets gdb choose by the type.</summary>
    public string? Group { get; init; }

    /// <summary>Reads the register, cut to its width.</summary>
    public UInt128 Read(RegisterSnapshot from) => Bits == 128 ? Get(from) : Get(from) & ((UInt128.One << Bits) - 1);
}

/// <summary>Registers that gdb looks for together.</summary>
/// <param name="Name">The feature's name.</param>
/// <param name="Types">What their types are made of, in the form of a target description.</param>
/// <param name="Registers">The registers, in the order of their numbers.</param>
internal sealed record RegisterFeature(string Name, string Types, IReadOnlyList<RegisterDefinition> Registers);
