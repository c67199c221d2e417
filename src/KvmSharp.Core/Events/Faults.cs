using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Events;

/// <summary>Guest faults are data: raising one notes it and returns <see langword="false"/>, which handlers pass on.</summary>
internal static unsafe class Faults
{
    /// <summary>Raises a fault without an error code.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="vector">The exception.</param>
    /// <returns>Always <see langword="false"/>.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Raise(CpuContext* cpu, Vector vector)
    {
        cpu->Fault = new PendingEvent { Valid = 1, Vector = (byte)vector, Kind = EventKind.Exception };
        cpu->Stop = StopReason.Fault;
        return false;
    }

    /// <summary>Raises a fault with an error code.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="vector">The exception: 8, 10 to 14 or 17. In real mode the delivery drops the code.</param>
    /// <param name="errorCode">The error code, for selectors with the low two RPL bits replaced by IDT and EXT.</param>
    /// <returns>Always <see langword="false"/>.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Raise(CpuContext* cpu, Vector vector, uint errorCode)
    {
        cpu->Fault = new PendingEvent
        {
            Valid = 1,
            Vector = (byte)vector,
            Kind = EventKind.Exception,
            HasErrorCode = 1,
            ErrorCode = errorCode,
        };
        cpu->Stop = StopReason.Fault;
        return false;
    }

    /// <summary>#GP(0).</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Always <see langword="false"/>.</returns>
    public static bool GeneralProtection(CpuContext* cpu) => Raise(cpu, Vector.GeneralProtection, 0);

    /// <summary>#UD.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Always <see langword="false"/>.</returns>
    public static bool InvalidOpcode(CpuContext* cpu) => Raise(cpu, Vector.InvalidOpcode);

    /// <summary>#PF: CR2 takes the address at once, as the processor does before delivery.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="linear">The address that could not be reached.</param>
    /// <param name="errorCode">The page-fault error code.</param>
    /// <returns>Always <see langword="false"/>.</returns>
    public static bool PageFault(CpuContext* cpu, ulong linear, uint errorCode)
    {
        cpu->Cr2BeforeFault = cpu->State.Cr2;
        cpu->State.Cr2 = linear;
        return Raise(cpu, Vector.PageFault, errorCode);
    }

    /// <summary>Raises a fault from a handler at a known micro-op.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="vector">The exception.</param>
    /// <returns>Always null: back to the run loop.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static MicroOp* RaiseAt(CpuContext* cpu, MicroOp* op, Vector vector)
    {
        cpu->CurrentOp = op;
        Raise(cpu, vector);
        return null;
    }
}
