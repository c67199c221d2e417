namespace KvmSharp.Cli.Labs;

/// <summary>A document of tests: the visible <c>tests.json</c> of a lab, or one of the instructor's hidden ones.</summary>
internal sealed record LabTests
{
    /// <summary>Gets the cases in the order in which they run.</summary>
    public required LabCase[] Cases { get; init; }
}

/// <summary>One run of the submission and what is checked in it.</summary>
internal sealed record LabCase
{
    /// <summary>Gets a short name, unique in the lab.</summary>
    public required string Name { get; init; }

    /// <summary>Gets what the case shows, for the report.</summary>
    public required string Title { get; init; }

    /// <summary>Gets the guests, each the name of a file in <c>guests/</c> without its ending.</summary>
    public string[] Guests { get; set; } = [];

    /// <summary>Gets the arguments of the program; unless given, the paths of the guests in their order.</summary>
    public string[]? Arguments { get; init; }

    /// <summary>Gets what stands on the program's standard input.</summary>
    public string Input { get; set; } = string.Empty;

    /// <summary>Gets values that take the place of the student's own in this case.</summary>
    public Dictionary<string, string> Variables { get; set; } = [];

    /// <summary>Gets the instructions that all guests of the run may retire together.</summary>
    public ulong Instructions { get; set; } = 1_000_000;

    /// <summary>Gets the exits that the run may make.</summary>
    public int Exits { get; set; } = 10_000;

    /// <summary>Gets the safety net in seconds of processor time; it never decides a mark of a program that ends.</summary>
    public int Seconds { get; set; } = 10;

    /// <summary>Gets the managed memory of the process in MiB; guest memory has as much again.</summary>
    public int Memory { get; set; } = 256;

    /// <summary>Gets the checks.</summary>
    public required LabCheck[] Checks { get; init; }
}

/// <summary>One predicate and its points. Exactly one of its kinds is given: exits, order, count, at, output, instructions, share or status.</summary>
internal sealed record LabCheck
{
    /// <summary>Gets what is checked, for the report.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the points of the check.</summary>
    public required int Points { get; init; }

    /// <summary>Gets a sentence that helps when the check fails.</summary>
    public string? Hint { get; init; }

    /// <summary>Gets the exits of the run, all of them, in order.</summary>
    public string[]? Exits { get; init; }

    /// <summary>Gets events that come in this order, others between them.</summary>
    public string[]? Order { get; init; }

    /// <summary>Gets patterns: exits that match none of them are not looked at by <see cref="Exits"/>.</summary>
    public string[]? Of { get; init; }

    /// <summary>Gets patterns: exits that match one of them are not looked at by <see cref="Exits"/>.</summary>
    public string[]? Ignore { get; init; }

    /// <summary>Gets a value indicating whether <see cref="Exits"/> and <see cref="Order"/> give points for the part that is right.</summary>
    public bool Partial { get; init; }

    /// <summary>Gets the pattern of events that are counted.</summary>
    public string? Count { get; init; }

    /// <summary>Gets the pattern of the exit at which <see cref="Registers"/>, <see cref="Memory"/> and <see cref="Translate"/> are looked at.</summary>
    public string? At { get; init; }

    /// <summary>Gets which exit that matches <see cref="At"/>: 1 is the first, -1 the last.</summary>
    public int Occurrence { get; set; } = -1;

    /// <summary>Gets values of registers by name: rax, rip, cr3, efer, cs.base, ...</summary>
    public Dictionary<string, string>? Registers { get; init; }

    /// <summary>Gets contents by guest-physical address: bytes in hexadecimal, or a text in double quotes.</summary>
    public Dictionary<string, string>? Memory { get; init; }

    /// <summary>Gets what linear addresses lead to.</summary>
    public LabTranslation[]? Translate { get; init; }

    /// <summary>Gets what the program prints.</summary>
    public string? Output { get; init; }

    /// <summary>Gets how <see cref="Output"/> is compared: exact (but for white space at the end), contains or regex.</summary>
    public string Match { get; set; } = "exact";

    /// <summary>Gets whose instructions are counted: * for all, or the number of a machine, from 0 in the order of creation.</summary>
    public string? Instructions { get; init; }

    /// <summary>Gets the machine whose part of all instructions is looked at, in percent.</summary>
    public string? Share { get; init; }

    /// <summary>Gets the pattern of an event: <see cref="Count"/>, <see cref="Instructions"/> and <see cref="Share"/> look at nothing behind the first.</summary>
    public string? Until { get; init; }

    /// <summary>Gets the status that the program ends with.</summary>
    public int? Status { get; init; }

    /// <summary>Gets the number wanted by <see cref="Count"/>, <see cref="Instructions"/> or <see cref="Share"/>.</summary>
    public string? Is { get; init; }

    /// <summary>Gets the least number wanted.</summary>
    public string? Min { get; init; }

    /// <summary>Gets the highest number wanted.</summary>
    public string? Max { get; init; }
}

/// <summary>A linear address and what the page tables make of it.</summary>
internal sealed record LabTranslation
{
    /// <summary>Gets the linear address.</summary>
    public required string Linear { get; init; }

    /// <summary>Gets the guest-physical address; "none" when it is not mapped.</summary>
    public required string Physical { get; init; }

    /// <summary>Gets the page's size: 4K, 2M, 4M or 1G; null when it does not matter.</summary>
    public string? Page { get; init; }

    /// <summary>Gets whether it may be written; null when it does not matter.</summary>
    public bool? Writable { get; init; }

    /// <summary>Gets whether level 3 may use it; null when it does not matter.</summary>
    public bool? User { get; init; }
}
