using Iced.Intel;
using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>The one table of the instruction set: for each of Iced's mnemonics, what makes a micro-op of it.</summary>
/// <remarks>
/// By mnemonic and not by <see cref="Code"/>: the encodings of one instruction differ in operands and width only, and those the
/// shape reads off the decoded instruction. Groups register themselves here; what nobody registered raises #UD.
/// </remarks>
internal sealed unsafe class LoweringTable
{
    private static readonly int MnemonicCount = Enum.GetValues<Mnemonic>().Length;

    private readonly delegate*<ref Lowering, void>[] _entries = new delegate*<ref Lowering, void>[MnemonicCount];
    private readonly delegate*<CpuContext*, MicroOp*, bool>[] _bodies = new delegate*<CpuContext*, MicroOp*, bool>[MnemonicCount];

    /// <summary>Registers an instruction that has a shape of its own.</summary>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <param name="lower">Makes the micro-op.</param>
    public void Add(Mnemonic mnemonic, delegate*<ref Lowering, void> lower) => _entries[(int)mnemonic] = lower;

    /// <summary>Registers a general instruction that changes registers or memory only.</summary>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <param name="body">Carries it out.</param>
    public void AddGeneral(Mnemonic mnemonic, delegate*<CpuContext*, MicroOp*, bool> body) => Add(mnemonic, body, &Lowering.Continue);

    /// <summary>Registers a general instruction behind which the block ends: it may change modes, mappings or interrupt states.</summary>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <param name="body">Carries it out.</param>
    public void AddEndingBlock(Mnemonic mnemonic, delegate*<CpuContext*, MicroOp*, bool> body) => Add(mnemonic, body, &Lowering.EndBlock);

    /// <summary>Registers a general instruction that sets RIP itself.</summary>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <param name="body">Carries it out.</param>
    public void AddTransfer(Mnemonic mnemonic, delegate*<CpuContext*, MicroOp*, bool> body) => Add(mnemonic, body, &Lowering.Transfer);

    /// <summary>Finds what lowers an instruction.</summary>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <returns>The function, or null when nobody registered it.</returns>
    public delegate*<ref Lowering, void> Find(Mnemonic mnemonic) => _entries[(int)mnemonic];

    /// <summary>Finds the body of a general instruction.</summary>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <returns>The body.</returns>
    public delegate*<CpuContext*, MicroOp*, bool> BodyOf(Mnemonic mnemonic) => _bodies[(int)mnemonic];

    /// <summary>Registers an instruction whose body is called by a shape of its own group.</summary>
    /// <param name="mnemonic">The mnemonic.</param>
    /// <param name="body">Carries it out.</param>
    /// <param name="lower">Makes the micro-op.</param>
    public void Add(Mnemonic mnemonic, delegate*<CpuContext*, MicroOp*, bool> body, delegate*<ref Lowering, void> lower)
    {
        _bodies[(int)mnemonic] = body;
        _entries[(int)mnemonic] = lower;
    }
}
