using System.Buffers.Binary;
using KvmSharp.Engine;

namespace KvmSharp.Apic;

/// <summary>The registers as software sees them, through the page or through MSRs: what reads give and what writes do.</summary>
/// <param name="engine">The vCPU.</param>
/// <param name="vm">The machine.</param>
/// <param name="apic">Whose registers they are.</param>
internal sealed class ApicRegisterFile(VcpuEngine engine, VirtualMachine vm, LocalApic apic)
{
    /// <summary>Version 14h, the integrated APIC; six entries in the local vector table; EOI is always broadcast.</summary>
    public const uint VersionValue = 0x14 | ((LvtEntry.Count - 1) << 16);

    private const int RegisterShift = 4;
    private const int RegisterBytes = sizeof(uint);
    private const int Spacing = 1 << RegisterShift;
    private const uint ShorthandMask = 3;
    private const int ShorthandShift = 18;
    private const uint CommandBits = 0x000C_CFFF; // without the delivery status, which reads 0
    private const uint SpuriousBits = 0x3FF;
    private const uint DivideBits = 0xB;
    private const uint LogicalDestinationBits = 0xFF00_0000;
    private const uint DestinationFormatOnes = 0x0FFF_FFFF;

    /// <summary>Answers an access to the register page. Only aligned doublewords are registers.</summary>
    /// <param name="direction">Read or write.</param>
    /// <param name="offset">The offset in the page.</param>
    /// <param name="data">What is written, or the place for the answer.</param>
    public void Access(ExitDirection direction, int offset, Span<byte> data)
    {
        var register = (ApicRegister)(offset >> RegisterShift);
        int within = offset & (Spacing - 1);
        if (direction == ExitDirection.Read)
        {
            Span<byte> bytes = stackalloc byte[Spacing + sizeof(ulong)]; // behind the register, nothing
            bytes.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, within < RegisterBytes && offset < ApicRegisters.Length * Spacing ? Read(register) : 0);
            bytes.Slice(within, data.Length).CopyTo(data);
        }
        else if (within == 0 && data.Length == RegisterBytes)
        {
            Write(register, BinaryPrimitives.ReadUInt32LittleEndian(data));
        }
    }

    /// <summary>Reads a register; one that is not there reads 0.</summary>
    /// <param name="register">The register.</param>
    /// <returns>Its value.</returns>
    public uint Read(ApicRegister register)
    {
        if (!Exists(register))
        {
            apic.NoteError(ApicError.IllegalRegisterAddress);
            return 0;
        }

        return register == ApicRegister.CurrentCount ? apic.Timer.CurrentCount : Look(register);
    }

    /// <summary>Gives a register's value without any effect.</summary>
    /// <param name="register">The register.</param>
    /// <returns>The value.</returns>
    public uint Look(ApicRegister register) => register switch
    {
        ApicRegister.Id => apic.Base.IsX2Apic ? (uint)engine.Id : apic.Peek(register),
        ApicRegister.Version => VersionValue,
        ApicRegister.ArbitrationPriority or ApicRegister.ProcessorPriority => apic.ProcessorPriority,
        ApicRegister.LogicalDestination when apic.Base.IsX2Apic => apic.Base.X2LogicalId,
        >= ApicRegister.InService and < ApicRegister.TriggerMode => apic.InService.GetRegister(register - ApicRegister.InService),
        >= ApicRegister.TriggerMode and < ApicRegister.InterruptRequest => apic.LevelTriggered.GetRegister(register - ApicRegister.TriggerMode),
        >= ApicRegister.InterruptRequest and < ApicRegister.ErrorStatus => apic.Requested.GetRegister(register - ApicRegister.InterruptRequest),
        _ => apic.Peek(register),
    };

    /// <summary>Writes a register; writes to one that is read-only do nothing.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    public void Write(ApicRegister register, uint value)
    {
        switch (register)
        {
            case ApicRegister.Id:
                apic.Poke(register, value & LogicalDestinationBits);
                break;
            case ApicRegister.TaskPriority:
                apic.SetTaskPriority(value);
                break;
            case ApicRegister.EndOfInterrupt:
                apic.EndInterrupt();
                break;
            case ApicRegister.LogicalDestination:
                apic.Poke(register, value & LogicalDestinationBits);
                break;
            case ApicRegister.DestinationFormat:
                apic.Poke(register, value | DestinationFormatOnes);
                break;
            case ApicRegister.SpuriousVector:
                SetSpurious(value & SpuriousBits);
                break;
            case ApicRegister.ErrorStatus:
                apic.Poke(register, apic.TakeErrors());
                break;
            case ApicRegister.InterruptCommand:
                apic.Poke(register, value & CommandBits);
                Command(value, apic.Peek(ApicRegister.InterruptCommandHigh));
                break;
            case ApicRegister.InterruptCommandHigh:
                apic.Poke(register, value & LogicalDestinationBits);
                break;
            case >= ApicRegister.LvtTimer and <= ApicRegister.LvtError:
                SetEntry(register, value);
                break;
            case ApicRegister.InitialCount:
                apic.Timer.Start(value);
                break;
            case ApicRegister.DivideConfiguration:
                apic.Timer.SetDivider(value & DivideBits);
                break;
            default:
                if (!Exists(register))
                {
                    apic.NoteError(ApicError.IllegalRegisterAddress);
                }

                break;
        }
    }

    /// <summary>Sends what a command says.</summary>
    /// <param name="command">The low half of the interrupt command register.</param>
    /// <param name="destination">The high half.</param>
    public void Command(uint command, uint destination)
    {
        var message = InterruptMessage.OfCommand(command, destination, apic.Base.IsX2Apic);
        if (message.IsDeassert && message.Delivery == DeliveryMode.Init)
        {
            return; // only APICs before the Pentium 4 looked at it, to set arbitration ids
        }

        if (message.Delivery <= DeliveryMode.LowestPriority && message.Vector < 16)
        {
            apic.NoteError(ApicError.SendIllegalVector);
            return;
        }

        switch ((command >> ShorthandShift) & ShorthandMask)
        {
            case 0:
                vm.ApicBus.Send(message);
                break;
            case 1:
                apic.Receive(message);
                break;
            case 2:
                vm.ApicBus.SendToAll(message, except: null);
                break;
            default:
                vm.ApicBus.SendToAll(message, except: apic);
                break;
        }
    }

    private static bool Exists(ApicRegister register) => register is ApicRegister.Id or ApicRegister.Version
        or (>= ApicRegister.TaskPriority and <= ApicRegister.EndOfInterrupt)
        or (>= ApicRegister.LogicalDestination and <= ApicRegister.ErrorStatus)
        or (>= ApicRegister.InterruptCommand and <= ApicRegister.CurrentCount)
        or ApicRegister.DivideConfiguration;

    // Disabled by software, every entry is masked and stays so.
    private void SetSpurious(uint value)
    {
        apic.Poke(ApicRegister.SpuriousVector, value);
        if (!apic.IsSoftwareEnabled)
        {
            for (ApicRegister entry = ApicRegister.LvtTimer; entry <= ApicRegister.LvtError; entry++)
            {
                SetEntry(entry, apic.Peek(entry));
            }
        }

        apic.Inputs.EntryChanged();
    }

    private void SetEntry(ApicRegister register, uint value)
    {
        value &= LvtEntry.WritableBits(register);
        value |= apic.IsSoftwareEnabled ? 0 : LvtEntry.Masked;
        if (register == ApicRegister.LvtTimer)
        {
            apic.Timer.SetEntry(value);
            return;
        }

        apic.Poke(register, value | (apic.Peek(register) & LvtEntry.RemoteRequest));
        if (register == ApicRegister.LvtLint0)
        {
            apic.Inputs.EntryChanged();
        }
    }
}
