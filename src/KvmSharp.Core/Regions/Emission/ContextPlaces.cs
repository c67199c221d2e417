using KvmSharp.Cpu;

namespace KvmSharp.Regions;

/// <summary>Where the fields that translated code touches lie in <see cref="CpuContext"/>, in bytes, measured once.</summary>
internal static unsafe class ContextPlaces
{
    public static readonly int Remaining;
    public static readonly int Pending;
    public static readonly int Tlb;
    public static readonly int FlagsResult;
    public static readonly int FlagsCarries;
    public static readonly int SideExits;
    public static readonly int CurrentOp;
    public static readonly int FollowedTo;
    public static readonly int CodeBias;
    public static readonly int CodeLimit;
    public static readonly int Mxcsr;
    public static readonly int Rflags;
    private static readonly int FirstView;

    static ContextPlaces()
    {
        CpuContext context = default;
        byte* start = (byte*)&context;
        Remaining = (int)((byte*)&context.Remaining - start);
        Pending = (int)((byte*)&context.Pending - start);
        Tlb = (int)((byte*)&context.Tlb - start);
        FlagsResult = (int)((byte*)&context.Flags.Result - start);
        FlagsCarries = (int)((byte*)&context.Flags.Carries - start);
        SideExits = (int)((byte*)&context.SideExits - start);
        CurrentOp = (int)((byte*)&context.CurrentOp - start);
        CodeBias = (int)((byte*)&context.CodeBias - start);
        CodeLimit = (int)((byte*)&context.CodeLimit - start);
        FollowedTo = (int)((byte*)&context.FollowedTo - start);
        Mxcsr = (int)((byte*)&context.State.Vector.Mxcsr - start);
        Rflags = (int)((byte*)&context.State.Rflags - start);
        FirstView = (int)((byte*)&context.Views - start);
    }

    public static int ViewBase(int segment) => FirstView + (segment * sizeof(SegmentView));

    public static int ViewEnd(int segment, bool write) => ViewBase(segment) + (write ? 2 : 1) * sizeof(ulong);
}
