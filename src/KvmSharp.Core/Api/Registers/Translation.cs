using KvmSharp.Paging;

namespace KvmSharp;

/// <summary>A linear address, translated. Mirrors <c>struct kvm_translation</c>, with the walk that KVM does not show.</summary>
public sealed record Translation
{
    /// <summary>Gets the linear address asked for.</summary>
    public required ulong LinearAddress { get; init; }

    /// <summary>Gets a value indicating whether it is mapped for the read that was asked for.</summary>
    public required bool IsValid { get; init; }

    /// <summary>Gets the guest-physical address; 0 when not valid.</summary>
    public required ulong PhysicalAddress { get; init; }

    /// <summary>Gets a value indicating whether every entry allows writes.</summary>
    public required bool IsWritable { get; init; }

    /// <summary>Gets a value indicating whether every entry allows user accesses.</summary>
    public required bool IsUserAccessible { get; init; }

    /// <summary>Gets the page size in bytes; 0 when not valid. Without paging, 4096.</summary>
    public required ulong PageSize { get; init; }

    /// <summary>Gets the page-fault error code that the read would raise; 0 when valid.</summary>
    public required uint ErrorCode { get; init; }

    /// <summary>Gets the entries met, from the directory down; empty without paging.</summary>
    public required IReadOnlyList<PageTableEntry> Walk { get; init; }

    internal static Translation From(ulong linear, in WalkResult walk, ReadOnlySpan<WalkStep> steps)
    {
        var entries = new PageTableEntry[steps.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = new PageTableEntry(steps[i].Level, steps[i].EntryAddress, steps[i].Entry);
        }

        return new Translation
        {
            LinearAddress = linear,
            IsValid = !walk.IsFault,
            PhysicalAddress = walk.Physical,
            IsWritable = walk.IsWritable,
            IsUserAccessible = walk.IsUser,
            PageSize = walk.IsFault ? 0 : 1UL << walk.PageShift,
            ErrorCode = walk.ErrorCode,
            Walk = entries,
        };
    }
}

/// <summary>One entry met on a walk.</summary>
/// <param name="Level">Its table's level: 1 is the page table, 2 the page directory.</param>
/// <param name="Address">Its guest-physical address.</param>
/// <param name="Value">The entry.</param>
public readonly record struct PageTableEntry(int Level, ulong Address, ulong Value);

/// <summary>What is to be done at a linear address.</summary>
[Flags]
public enum TranslationAccess
{
    /// <summary>A load by CPL 0.</summary>
    Read = 0,

    /// <summary>A store.</summary>
    Write = 1,

    /// <summary>By CPL 3.</summary>
    User = 2,

    /// <summary>An instruction fetch.</summary>
    Execute = 4,
}
