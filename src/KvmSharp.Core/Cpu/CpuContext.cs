using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Cpu;

/// <summary>What the engine works on: the architectural state and, beside it, all that is derived from it. Lives in native memory.</summary>
/// <remarks>
/// Native, so that micro-ops name registers by their offset and handlers take two plain pointers; the garbage collector never
/// moves it and the hot path never meets a write barrier. Owned by <see cref="VcpuEngine"/>.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CpuContext
{
    /// <summary>The architectural state. First, so that register offsets are small.</summary>
    public CpuState State;

    /// <summary>Always 0: the base or index of an address that has none.</summary>
    public ulong Zero;

    /// <summary>The six arithmetic flags while the engine runs; RFLAGS holds the rest then.</summary>
    public ArithmeticFlags Flags;

    /// <summary>Instructions that this slice may still retire, less those of the block under way.</summary>
    public long Remaining;

    /// <summary>What <see cref="CpuState.InstructionsRetired"/> will be when <see cref="Remaining"/> reaches 0.</summary>
    public ulong RetiredAtEnd;

    /// <summary>Requests from other threads and conditions that the run loop must look at: <see cref="PendingWork"/>, read by every block head.</summary>
    public int Pending;

    /// <summary>Instructions retired in translated code.</summary>
    public ulong TranslatedInstructions;

    /// <summary>How often control left translated code, by <see cref="SideExitReason"/>.</summary>
    public SideExitCounters SideExits;

    /// <summary>Why the chain stopped.</summary>
    public StopReason Stop;

    /// <summary>Set by a software interrupt: no single-step trap follows it. Intel SDM Vol. 3B, "Single-Step Exception Condition".</summary>
    public byte SuppressTrap;

    /// <summary>The micro-op that a slow path, fault or exit belongs to.</summary>
    public MicroOp* CurrentOp;

    /// <summary>The head of the block that a branch out of translated code has led to, when it leads to the interpreter.</summary>
    public MicroOp* FollowedTo;

    /// <summary>Where a link to the next block may be stored, or null.</summary>
    public MicroOp** LinkPlace;

    /// <summary>The TLB for the present privilege.</summary>
    public TlbEntry* Tlb;

    public TlbEntry* SupervisorTlb;
    public TlbEntry* UserTlb;

    /// <summary>In force while EFLAGS.AC opens user pages to the supervisor under SMAP; only this table holds them for it.</summary>
    public TlbEntry* OpenTlb;

    /// <summary>A table that stays empty, in force while alignment is checked: every access then takes the slow path, which checks it.</summary>
    public TlbEntry* EmptyTlb;

    /// <summary>1 while alignment is checked: CPL 3, CR0.AM and EFLAGS.AC.</summary>
    public byte ChecksAlignment;

    /// <summary>Jump cache: linear address to block head.</summary>
    public JumpCacheEntry* JumpCache;

    /// <summary>What linear addresses and RIP wrap at: FFFFFFFFh, in 64-bit mode all ones.</summary>
    public ulong LinearMask;

    /// <summary>What addresses of descriptor tables and of the TSS wrap at: FFFFFFFFh, in long mode all ones.</summary>
    public ulong SystemMask;

    /// <summary>Base of CS; 0 in 64-bit mode.</summary>
    public ulong CodeBase;

    /// <summary>Bound of RIP + <see cref="CodeBias"/>: the limit of CS, in 64-bit mode the size of the canonical range.</summary>
    public ulong CodeLimit;

    /// <summary>0, in 64-bit mode what moves the canonical addresses to the range from 0.</summary>
    public ulong CodeBias;

    /// <summary>Mask for SP: FFFFh, FFFFFFFFh or all ones.</summary>
    public ulong StackMask;

    /// <summary>The present <see cref="CodeMode"/>.</summary>
    public uint Mode;

    /// <summary><see cref="Mode"/>, with the generation of code translations above it: the key of the jump cache.</summary>
    public ulong CodeKey;

    /// <summary>The upper half of <see cref="CodeKey"/> at CPL 3; a new value makes the jump cache forget what user code has met.</summary>
    public ulong UserGeneration;

    /// <summary>The same for the supervisor.</summary>
    public ulong SupervisorGeneration;

    /// <summary>The present privilege level, 0 to 3.</summary>
    public int Cpl;

    /// <summary>The fault or trap that <see cref="Stop"/> speaks of.</summary>
    public PendingEvent Fault;

    /// <summary>CR2 before the last page fault, for the intercept that takes the fault back.</summary>
    public ulong Cr2BeforeFault;

    /// <summary>Bounds for quick segment checks, by <see cref="SegmentIndex"/>.</summary>
    public SegmentViews Views;

    /// <summary>Descriptors that loads have accepted: see <see cref="Segmentation.AcceptedDescriptors"/>.</summary>
    public Segmentation.AcceptedDescriptorTable AcceptedDescriptors;

    /// <summary>GC handle of the <see cref="VcpuEngine"/>, for the slow paths.</summary>
    public nint EngineHandle;

    public VcpuEngine Engine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Unsafe.As<VcpuEngine>(GCHandle.FromIntPtr(EngineHandle).Target!);
    }

    /// <summary>Gets a register as a value of width T.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="offset">The register's offset in this structure.</param>
    /// <returns>The value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(ushort offset)
        where T : unmanaged => *(T*)((byte*)Unsafe.AsPointer(ref this) + offset);

    /// <summary>Sets a register of width T: 8 and 16 bits leave the rest, 32 bits clear the upper half (in legacy modes it is not observable).</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="offset">The register's offset in this structure.</param>
    /// <param name="value">The value.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<T>(ushort offset, T value)
        where T : unmanaged
    {
        byte* place = (byte*)Unsafe.AsPointer(ref this) + offset;
        if (sizeof(T) == sizeof(uint))
        {
            *(ulong*)place = Unsafe.As<T, uint>(ref value);
        }
        else
        {
            *(T*)place = value;
        }
    }

    /// <summary>Tests whether RIP may have a value: within the limit of CS, or canonical.</summary>
    /// <param name="rip">The value.</param>
    /// <returns>Whether it may.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsExecutable(ulong rip) => rip + CodeBias <= CodeLimit;

    /// <summary>Gives the linear address of a value of RIP.</summary>
    /// <param name="rip">The value.</param>
    /// <returns>The address.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong LinearOfCode(ulong rip) => (CodeBase + rip) & LinearMask;

    /// <summary>Gets the offset of a general register in this structure.</summary>
    /// <param name="number">Its number in encoding order, 0 to 15.</param>
    /// <returns>The offset in bytes.</returns>
    public static ushort OffsetOfGeneral(int number) => (ushort)(number * sizeof(ulong));

    /// <summary>Gets the offset of an XMM register in this structure.</summary>
    /// <param name="number">0 to 15.</param>
    /// <returns>The offset in bytes.</returns>
    public static ushort OffsetOfXmm(int number) =>
        (ushort)(RegisterPlaces.Xmm + (number * sizeof(Vector128<byte>)));

    /// <summary>Gets the offset of an MMX register in this structure: of the significand of an x87 register.</summary>
    /// <param name="number">0 to 7.</param>
    /// <returns>The offset in bytes.</returns>
    public static ushort OffsetOfMmx(int number) => (ushort)(RegisterPlaces.X87 + (number * sizeof(Float80)));

    /// <summary>Gets the offset of RIP in this structure; while a block runs it is that of the block's start.</summary>
    /// <returns>The offset in bytes.</returns>
    public static ushort OffsetOfRip() => (ushort)sizeof(GeneralRegisterFile);

    /// <summary>Gets the offset of the register that always reads 0.</summary>
    /// <returns>The offset in bytes.</returns>
    public static ushort OffsetOfZero() => (ushort)sizeof(CpuState);
}

/// <summary>Bounds of one segment, prepared for the test that every access through it makes.</summary>
/// <remarks>
/// An access of n bytes at offset e is allowed at once when e + n - 1 is below the end. An end of 0 sends every access to the full
/// check: unusable, expand-down, or the wrong kind of access. In 64-bit mode the end is that of the lower canonical half.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct SegmentView
{
    public ulong Base;
    public ulong ReadEnd;
    public ulong WriteEnd;
}

/// <summary>One counter for each <see cref="SideExitReason"/>.</summary>
[InlineArray(4)]
internal struct SideExitCounters
{
    private ulong _first;
}

/// <summary>The views of the six segment registers.</summary>
[InlineArray(6)]
internal struct SegmentViews
{
    private SegmentView _first;
}

/// <summary>Where the register files lie in <see cref="CpuContext"/>, in bytes, measured once.</summary>
internal static unsafe class RegisterPlaces
{
    public static readonly int Xmm = Measure().Xmm;
    public static readonly int X87 = Measure().X87;

    private static (int Xmm, int X87) Measure()
    {
        CpuContext context = default;
        byte* start = (byte*)&context;
        return ((int)((byte*)&context.State.Vector.Registers - start), (int)((byte*)&context.State.X87.Registers - start));
    }
}
