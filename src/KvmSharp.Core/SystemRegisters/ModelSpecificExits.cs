using System.Buffers.Binary;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;

namespace KvmSharp.SystemRegisters;

/// <summary>RDMSR and WRMSR between the guest, the machine's filter and the embedder.</summary>
/// <remarks>What the filter denies, and what the processor refuses, is #GP(0) unless the embedder wants to answer it.</remarks>
internal static unsafe class ModelSpecificExits
{
    /// <summary>Reads a register for the guest.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="index">The register.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Whether there is one; else a fault was raised, or an exit is needed.</returns>
    public static bool TryRead(CpuContext* cpu, uint index, out ulong value)
    {
        MsrExitReason refused = MsrExitReason.Filtered;
        if (cpu->Engine.Machine.MsrFilter is not { } filter || filter.Allows(index, ExitDirection.Read))
        {
            if (ModelSpecific.TryRead(cpu, index, out value))
            {
                return true;
            }

            refused = MsrExitReason.Unknown;
        }

        value = 0;
        return TryAsk(cpu, ExitDirection.Read, index, refused, ref value);
    }

    /// <summary>Writes a register for the guest.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="index">The register.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it is done; else a fault was raised, or an exit is needed.</returns>
    public static bool TryWrite(CpuContext* cpu, uint index, ulong value)
    {
        MsrExitReason refused = MsrExitReason.Filtered;
        if (cpu->Engine.Machine.MsrFilter is not { } filter || filter.Allows(index, ExitDirection.Write))
        {
            if (ModelSpecific.TryWrite(cpu, index, value))
            {
                return true;
            }

            refused = ModelSpecific.TryRead(cpu, index, out _) ? MsrExitReason.Invalid : MsrExitReason.Unknown;
        }

        return TryAsk(cpu, ExitDirection.Write, index, refused, ref value);
    }

    private static bool TryAsk(CpuContext* cpu, ExitDirection direction, uint index, MsrExitReason refused, ref ulong value)
    {
        VcpuEngine engine = cpu->Engine;
        if ((engine.Machine.UserSpaceMsrs & refused) == 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        Span<byte> data = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, value);
        ulong written = direction == ExitDirection.Write ? value : 0;
        if (!engine.Devices.TryMsr(VmExit.Msr(engine.Id, direction, index, written, refused), data))
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt64LittleEndian(data);
        return !engine.Devices.TakeError() || Faults.GeneralProtection(cpu);
    }
}
