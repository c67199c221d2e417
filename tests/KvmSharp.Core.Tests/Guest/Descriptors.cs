namespace KvmSharp.Tests.Guest;

/// <summary>Descriptors as a guest's source would build them.</summary>
internal static class Descriptors
{
    public const byte Code0 = 0x9A;
    public const byte Data0 = 0x92;
    public const byte Code3 = 0xFA;
    public const byte Data3 = 0xF2;
    public const byte Conforming0 = 0x9E;
    public const byte Ldt = 0x82;
    public const byte Tss16 = 0x81;
    public const byte Tss32 = 0x89;
    public const byte BusyTss32 = 0x8B;

    public static ulong Flat(byte access) => Segment(0, 0xF_FFFF, access, 0xC);

    public static ulong Flat16(byte access) => Segment(0, 0xF_FFFF, access, 0x8);

    public static ulong System(uint address, uint limit, byte access) => Segment(address, limit, access, 0);

    public static ulong Segment(uint address, uint limit, byte access, byte flags) =>
        (limit & 0xFFFF)
        | ((ulong)(address & 0xFF_FFFF) << 16)
        | ((ulong)access << 40)
        | ((ulong)((limit >> 16) & 0xF) << 48)
        | ((ulong)flags << 52)
        | ((ulong)(address >> 24) << 56);

    public static ulong InterruptGate(ushort selector, uint offset, int dpl = 0) => Gate(selector, offset, 0x8E, dpl, 0);

    public static ulong TrapGate(ushort selector, uint offset, int dpl = 0) => Gate(selector, offset, 0x8F, dpl, 0);

    public static ulong InterruptGate16(ushort selector, uint offset) => Gate(selector, offset, 0x86, 0, 0);

    public static ulong CallGate(ushort selector, uint offset, int parameters, int dpl = 3) => Gate(selector, offset, 0x8C, dpl, parameters);

    public static ulong CallGate16(ushort selector, uint offset, int parameters) => Gate(selector, offset, 0x84, 3, parameters);

    public static ulong TaskGate(ushort selector, int dpl = 3) => Gate(selector, 0, 0x85, dpl, 0);

    public static ulong NotPresent(ulong descriptor) => descriptor & ~(1ul << 47);

    private static ulong Gate(ushort selector, uint offset, byte access, int dpl, int parameters) =>
        (offset & 0xFFFF)
        | ((ulong)selector << 16)
        | ((ulong)parameters << 32)
        | ((ulong)(uint)(access | (dpl << 5)) << 40)
        | ((ulong)(offset >> 16) << 48);
}
