using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Tasks;

namespace KvmSharp.Instructions.Strings;

/// <summary>INS. Intel SDM Vol. 2A, "INS/INSB/INSW/INSD: Input from Port to String".</summary>
/// <remarks>One exit carries as many elements as fit in the page, so the destination is checked before the port is read.</remarks>
internal readonly unsafe struct Ins : IStringOp
{
    public static bool Compares => false;

    public static bool TryBegin(CpuContext* cpu, int size) => PortPermission.TryCheck(cpu, PortStrings.Port(cpu), size);

    [SkipLocalsInit]
    public static ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ushort port = PortStrings.Port(cpu);
        ulong offset = StringOperands.Index(cpu, op, GeneralRegisterFile.Rdi);
        if (!SegmentAccess.TryTranslate(cpu, (int)SegmentIndex.Es, offset, sizeof(T), write: true, out ulong linear)
            || !LinearAccess.TryProbeWrite(cpu, linear, sizeof(T), DataAccess.Write))
        {
            return 0;
        }

        DeviceAccess devices = cpu->Engine.Devices;
        ulong count = most;
        T* to = StringOperands.Ahead<T>(cpu, op, (int)SegmentIndex.Es, GeneralRegisterFile.Rdi, write: true, ref count).First;
        count = PortStrings.CountOf<T>(devices, to is null || cpu->Engine.Breakpoints.HasPorts ? 1 : count);
        T* elements = stackalloc T[GuestPage.Size / sizeof(T)];
        if (!devices.TryPort(ExitDirection.Read, port, sizeof(T), (int)count, new Span<byte>(elements, (int)count * sizeof(T))))
        {
            return 0;
        }

        // One by one: the exit's handler may have changed what lies at the address.
        for (ulong i = 0; i < count; i++)
        {
            if (!StringOperands.TryWrite(cpu, op, elements[i]))
            {
                return i;
            }

            StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rdi, 1);
        }

        return count;
    }
}

/// <summary>OUTS. Intel SDM Vol. 2B, "OUTS/OUTSB/OUTSW/OUTSD: Output String to Port".</summary>
internal readonly unsafe struct Outs : IStringOp
{
    public static bool Compares => false;

    public static bool TryBegin(CpuContext* cpu, int size) => PortPermission.TryCheck(cpu, PortStrings.Port(cpu), size);

    [SkipLocalsInit]
    public static ulong Advance<T>(CpuContext* cpu, MicroOp* op, ulong most)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ushort port = PortStrings.Port(cpu);
        DeviceAccess devices = cpu->Engine.Devices;
        ulong known = PortStrings.CountOf<T>(devices, 0);
        if (!StringOperands.TryRead(cpu, op, op->Segment, GeneralRegisterFile.Rsi, out T first))
        {
            return 0;
        }

        ulong count = cpu->Engine.Breakpoints.HasPorts ? 1 : most;
        T* from = StringOperands.Ahead<T>(cpu, op, op->Segment, GeneralRegisterFile.Rsi, write: false, ref count).First;
        T* elements = stackalloc T[GuestPage.Size / sizeof(T)];
        if (from is not null)
        {
            new ReadOnlySpan<T>(from, (int)count).CopyTo(new Span<T>(elements, (int)count));
        }
        else
        {
            count = 1;
            *elements = first;
        }

        count = known != 0 ? known : count; // a write that is done already carries its own data
        if (!devices.TryPort(ExitDirection.Write, port, sizeof(T), (int)count, new Span<byte>(elements, (int)count * sizeof(T))))
        {
            return 0;
        }

        StringOperands.Move<T>(cpu, op, GeneralRegisterFile.Rsi, count);
        return count;
    }
}

/// <summary>What INS and OUTS share.</summary>
file static unsafe class PortStrings
{
    public static ushort Port(CpuContext* cpu) => (ushort)cpu->State.General[GeneralRegisterFile.Rdx];

    /// <summary>Gives the number of elements to transfer: when the instruction runs again behind an exit, as many as that exit had.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="devices">The device accesses.</param>
    /// <param name="wanted">How many there would be otherwise.</param>
    /// <returns>The number.</returns>
    public static ulong CountOf<T>(DeviceAccess devices, ulong wanted)
        where T : unmanaged => devices.NextFinishedLength is > 0 and int length ? (ulong)(length / sizeof(T)) : wanted;
}
