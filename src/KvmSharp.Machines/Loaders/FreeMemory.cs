namespace KvmSharp.Machines;

/// <summary>The memory behind a kernel, where a loader puts what it hands over: one thing after the other, each on a page of its own.</summary>
/// <param name="memory">Guest memory.</param>
/// <param name="first">The first address above the kernel.</param>
internal sealed class FreeMemory(IGuestMemory memory, ulong first)
{
    /// <summary>Where the next thing goes.</summary>
    public ulong Next { get; private set; } = PageAlign(first);

    /// <summary>Puts bytes there.</summary>
    public GuestRange Place(ReadOnlySpan<byte> bytes, string what)
    {
        var range = new GuestRange(Next, (ulong)bytes.Length);
        if (range.End > uint.MaxValue)
        {
            throw new ImageException($"{what} does not fit below 4 GiB behind the kernel: link the kernel to lower addresses.");
        }

        range.Fill(memory, bytes, what);
        Next = PageAlign(range.End);
        return range;
    }

    /// <summary>Puts files there, in order.</summary>
    public IReadOnlyList<GuestRange> Place(IReadOnlyList<ImageFile> modules) =>
        [.. modules.Select(module => Place(module.Bytes.Span, $"Module {module.Name}"))];

    private static ulong PageAlign(ulong address) => (address + PcLayout.PageBytes - 1) & ~(PcLayout.PageBytes - 1);
}
