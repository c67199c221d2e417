using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp;

/// <summary>All that a local APIC remembers. Mirrors <c>struct kvm_lapic_state</c>, with what KVM keeps elsewhere beside the register page.</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct LocalApicState
{
    private ApicRegisters _registers;

    /// <summary>Gets the register page, one 32-bit register every 16 bytes: element n is offset 16n.</summary>
    [UnscopedRef]
    public ref ApicRegisters Registers => ref _registers;

    /// <summary>Gets or sets the virtual time in nanoseconds at which the timer's count reaches 0; <see cref="long.MaxValue"/> while it stands still.</summary>
    public long TimerDue { get; set; }

    /// <summary>Gets or sets IA32_TSC_DEADLINE.</summary>
    public ulong TscDeadline { get; set; }

    /// <summary>Gets or sets errors that no write to the error status register has shown yet, by its bits.</summary>
    public uint PendingErrors { get; set; }

    /// <summary>Gets or sets INIT (bit 8) and a start-up IPI (bit 9, vector in 7:0) that have not been served yet.</summary>
    public uint PendingStartup { get; set; }

    /// <summary>Gets or sets the level of LINT0 (bit 0), and an ExtINT message that has not been served yet (bit 1).</summary>
    public uint Inputs { get; set; }
}

/// <summary>The registers of a local APIC by their offset divided by 16.</summary>
[InlineArray(Length)]
public struct ApicRegisters : IEquatable<ApicRegisters>
{
    /// <summary>Registers in the page that mean anything: 400h bytes, as KVM's.</summary>
    public const int Length = 64;

    private uint _first;

    /// <summary>Compares all registers.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether all are equal.</returns>
    public static bool operator ==(in ApicRegisters left, in ApicRegisters right) => ((ReadOnlySpan<uint>)left).SequenceEqual(right);

    /// <summary>Compares all registers.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether any differs.</returns>
    public static bool operator !=(in ApicRegisters left, in ApicRegisters right) => !(left == right);

    /// <inheritdoc/>
    public readonly bool Equals(ApicRegisters other) => this == other;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is ApicRegisters other && this == other;

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(MemoryMarshal.AsBytes((ReadOnlySpan<uint>)this));
        return hash.ToHashCode();
    }
}
