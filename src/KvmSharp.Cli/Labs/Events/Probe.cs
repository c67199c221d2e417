namespace KvmSharp.Cli.Labs;

/// <summary>What the runner shall look at when an exit matches; the wanted values stay with the grader.</summary>
internal sealed record Probe
{
    /// <summary>Gets the pattern of the exits.</summary>
    public required string At { get; init; }

    /// <summary>Gets the registers, by name.</summary>
    public string[] Registers { get; set; } = [];

    /// <summary>Gets ranges of guest-physical memory.</summary>
    public ProbedRange[] Memory { get; set; } = [];

    /// <summary>Gets linear addresses to translate.</summary>
    public ulong[] Linear { get; set; } = [];

    /// <summary>Looks.</summary>
    public ProbeResult Look(int index, VirtualMachine vm, VirtualCpu vcpu) => new()
    {
        Index = index,
        Registers = Array.ConvertAll(Registers, name => RegisterNames.Read(vcpu, name)),
        Memory = Array.ConvertAll(Memory, range =>
        {
            var bytes = new byte[range.Length];
            return vm.Memory.TryRead(range.Address, bytes) ? bytes : [];
        }),
        Translations = Array.ConvertAll(Linear, linear => ProbedPage.From(vcpu.Translate(linear))),
    };
}

/// <summary>A range of guest-physical memory.</summary>
internal sealed record ProbedRange(ulong Address, int Length);

/// <summary>What a linear address leads to; a page of 0 bytes when it is not mapped.</summary>
internal readonly record struct ProbedPage(ulong Physical, ulong PageSize, bool Writable, bool User)
{
    public static ProbedPage From(Translation t) => new(t.PhysicalAddress, t.PageSize, t.IsWritable, t.IsUserAccessible);
}

/// <summary>What a probe found.</summary>
internal sealed record ProbeResult
{
    public required int Index { get; init; }

    public required ulong[] Registers { get; init; }

    /// <summary>Gets the bytes of each range; none where there is no memory.</summary>
    public required byte[][] Memory { get; init; }

    public required ProbedPage[] Translations { get; init; }

    public void Write(BinaryWriter writer)
    {
        writer.Write(Index);
        writer.Write(Registers.Length);
        Array.ForEach(Registers, writer.Write);
        writer.Write(Memory.Length);
        foreach (byte[] bytes in Memory)
        {
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }

        writer.Write(Translations.Length);
        foreach (ProbedPage page in Translations)
        {
            writer.Write(page.Physical);
            writer.Write(page.PageSize);
            writer.Write(page.Writable);
            writer.Write(page.User);
        }
    }

    public static ProbeResult Read(BinaryReader reader) => new()
    {
        Index = reader.ReadInt32(),
        Registers = reader.ReadArray(static r => r.ReadUInt64()),
        Memory = reader.ReadArray(static r => r.ReadBytes(r.ReadInt32())),
        Translations = reader.ReadArray(static r => new ProbedPage(r.ReadUInt64(), r.ReadUInt64(), r.ReadBoolean(), r.ReadBoolean())),
    };
}
