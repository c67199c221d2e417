namespace KvmSharp.Devices;

/// <summary>Commands through the FIFO: their bytes come, they are done, their result is read.</summary>
public sealed partial class FloppyController
{
    /// <summary>How many bytes a command has; 1 for one that there is not.</summary>
    private static int Length(FloppyCommand command) => command switch
    {
        FloppyCommand.ReadData or FloppyCommand.WriteData => 9,
        FloppyCommand.FormatTrack => 6,
        FloppyCommand.Configure => 4,
        FloppyCommand.Specify or FloppyCommand.Seek => 3,
        FloppyCommand.SenseDriveStatus or FloppyCommand.Recalibrate or FloppyCommand.ReadId or FloppyCommand.Perpendicular => 2,
        _ => 1,
    };

    private byte ReadFifo()
    {
        switch (_s.Phase)
        {
            case FloppyPhase.DataIn:
                _s.InterruptPending = false;
                return _transfer.ReadByte();
            case FloppyPhase.Result:
                _s.InterruptPending = false;
                byte value = _result[_s.ResultPosition++];
                if (_s.ResultPosition == _s.ResultLength)
                {
                    AwaitCommand();
                    _s.InterruptPending = Operation == FloppyCommand.SenseInterruptStatus && _s.SeekAnswers != 0; // another seek has ended too
                }

                return value;
            default:
                return OpenBus;
        }
    }

    private void WriteFifo(byte value)
    {
        switch (_s.Phase)
        {
            case FloppyPhase.DataOut:
                _s.InterruptPending = false;
                _transfer.WriteByte(value);
                break;
            case FloppyPhase.Command:
                _command[_s.CommandLength++] = value;
                if (_s.CommandLength == Length(Operation))
                {
                    AwaitCommand(); // unless the command answers
                    Execute();
                }

                break;
            default:
                break; // a result waits to be read
        }
    }

    private void Execute()
    {
        switch (Operation)
        {
            case FloppyCommand.ReadData or FloppyCommand.WriteData:
                _transfer.BeginSectors(_command);
                break;
            case FloppyCommand.FormatTrack:
                _transfer.BeginFormat(_command);
                break;
            case FloppyCommand.ReadId:
                _transfer.ReadId();
                break;
            case FloppyCommand.Seek:
                SelectedDrive?.StepTo(_command[2]);
                EndSeek(FloppyStatus0.SeekEnd);
                break;
            case FloppyCommand.Recalibrate:
                Recalibrate();
                break;
            case FloppyCommand.SenseInterruptStatus:
                SenseInterrupt();
                break;
            case FloppyCommand.SenseDriveStatus:
                Answer(DriveStatus());
                break;
            case FloppyCommand.Specify:
                _s.Specify = (ushort)(_command[1] | (_command[2] << 8));
                break;
            case FloppyCommand.Configure:
                _s.Configuration = _command[2];
                _s.PrecompensationTrack = _command[3];
                break;
            case FloppyCommand.Perpendicular:
                _s.PerpendicularMode = _command[1];
                break;
            case FloppyCommand.Lock:
                _s.IsLocked = (_command[0] & LockBit) != 0;
                Answer(_s.IsLocked ? (byte)0x10 : (byte)0);
                break;
            case FloppyCommand.Version:
                Answer(Version82077);
                break;
            case FloppyCommand.DumpRegisters:
                Answer(Cylinder(0), Cylinder(1), 0, 0, (byte)_s.Specify, (byte)(_s.Specify >> 8), _transfer.State.SectorsLeft,
                    (byte)((_s.IsLocked ? LockBit : 0) | (_s.PerpendicularMode & 0x7F)), _s.Configuration, _s.PrecompensationTrack);
                break;
            default:
                Answer((byte)FloppyStatus0.Invalid); // PART ID too: an 82077AA has none, which is how software knows it from an 82078
                break;
        }
    }

    private byte Cylinder(int unit) => (byte)(Drive(unit)?.Cylinder ?? 0);

    private void Recalibrate()
    {
        SelectedDrive?.StepTo(0);
        // Without a drive the track 0 signal never comes.
        EndSeek(SelectedDrive is null ? FloppyStatus0.Abnormal | FloppyStatus0.SeekEnd | FloppyStatus0.EquipmentCheck : FloppyStatus0.SeekEnd);
    }

    private void EndSeek(FloppyStatus0 status)
    {
        int unit = _command[1] & UnitBits;
        int shift = 8 * unit;
        _s.SeekAnswers = (_s.SeekAnswers & ~(0xFFu << shift)) | ((uint)((byte)status | unit) << shift);
        _s.InterruptPending = true;
    }

    /// <summary>Says which drive has ended a seek, or answers for each of four drives behind a reset.</summary>
    private void SenseInterrupt()
    {
        _s.InterruptPending = false;
        if (_s.ResetAnswers > 0)
        {
            int unit = Units - _s.ResetAnswers--;
            Answer((byte)((int)FloppyStatus0.Polled | unit), Cylinder(unit));
            return;
        }

        for (int unit = 0; unit < Units; unit++)
        {
            var status = (byte)(_s.SeekAnswers >> (8 * unit));
            if (status != 0)
            {
                _s.SeekAnswers &= ~(0xFFu << (8 * unit));
                Answer(status, Cylinder(unit));
                return;
            }
        }

        Answer((byte)FloppyStatus0.Invalid);
    }

    /// <summary>Status register 3.</summary>
    private byte DriveStatus()
    {
        const int AlwaysSet = 0x28;
        const int Track0 = 0x10;
        const int WriteProtected = 0x40;
        int status = AlwaysSet | (_command[1] & (UnitBits | HeadBit));
        status |= SelectedDrive is { Cylinder: 0 } ? Track0 : 0;
        status |= SelectedDrive is { Medium.IsReadOnly: true } ? WriteProtected : 0;
        return (byte)status;
    }

    private void Answer(params ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_result);
        _s.ResultLength = (byte)bytes.Length;
        _s.ResultPosition = 0;
        _s.Phase = FloppyPhase.Result;
    }

    private void AwaitCommand()
    {
        _s.Phase = FloppyPhase.Command;
        _s.CommandLength = 0;
    }
}
