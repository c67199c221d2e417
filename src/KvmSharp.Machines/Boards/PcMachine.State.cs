namespace KvmSharp.Machines;

/// <summary>The state of all parts but memory and disks, as sections: what a snapshot and a fork have in common.</summary>
public sealed partial class PcMachine
{
    private IEnumerable<MachinePart> Parts => [.. _start.Parts, .. _devices.Parts, Keyboard.Part];

    private void WriteState(SnapshotWriter writer)
    {
        foreach (VirtualCpu vcpu in Vcpus)
        {
            writer.Write(SectionOf(vcpu), vcpu.SaveState());
        }

        writer.Write("clock", WriteClock);
        foreach (MachinePart part in Parts)
        {
            writer.Write(part.Name, part.Save);
        }

        writer.Write("machine", fields =>
        {
            (int place, ulong left) = _processors.Turns?.Position ?? default;
            fields.Write(place);
            fields.Write(left);
            fields.Write(_requested is not null);
            if (_requested is { } stop)
            {
                fields.Write((int)stop.Reason);
                fields.Write(stop.DebugExitStatus);
                fields.Write(stop.Explanation ?? string.Empty);
            }
        });
    }

    // The vCPUs come first, for time may be counted in their instructions, and once more behind the parts, whose pins reach them; the clock too,
    // whose deadlines the parts have armed in another order than they were.
    private void ReadState(SectionCursor sections)
    {
        using (_gate.Enter())
        {
            _serial.HoldsInput = true;
            byte[][] vcpus = [.. Vcpus.Select(vcpu => Take(sections, SectionOf(vcpu)))];
            byte[] clock = Take(sections, "clock");
            LoadVcpus(vcpus);
            LoadClock(clock);
            foreach (MachinePart part in Parts)
            {
                sections.Read(part.Name, part.Load);
            }

            sections.Read("machine", fields =>
            {
                (int, ulong) position = (fields.ReadInt32(), fields.ReadUInt64());
                _processors.Turns?.Position = position;
                _requested = !fields.ReadBoolean()
                    ? null
                    : new MachineStop
                    {
                        Reason = (MachineStopReason)fields.ReadInt32(),
                        DebugExitStatus = fields.ReadInt32(),
                        Explanation = fields.ReadString() is { Length: > 0 } text ? text : null,
                    };
            });
            LoadVcpus(vcpus);
            LoadClock(clock);
        }
    }

    private static string SectionOf(VirtualCpu vcpu) => $"cpu.{vcpu.Id}";

    private static byte[] Take(SectionCursor sections, string name)
    {
        byte[] payload = sections.Name == name ? sections.Payload : throw new InvalidDataException($"The section \"{name}\" is not where it should be.");
        sections.MoveNext();
        return payload;
    }

    private void LoadVcpus(byte[][] states)
    {
        for (int place = 0; place < states.Length; place++)
        {
            Vcpus[place].LoadState(states[place]);
        }
    }

    private void WriteClock(BinaryWriter fields)
    {
        if (_vm.Clock is not InstructionClock clock)
        {
            fields.Write(_vm.Clock.Now);
            return;
        }

        InstructionClockState state = clock.Save();
        fields.Write(state.Now);
        fields.Write(state.RanAt);
        fields.Write(state.Driver);
        fields.Write(state.Armed.Count);
        foreach ((int deadline, long due) in state.Armed)
        {
            fields.Write(deadline);
            fields.Write(due);
        }
    }

    private void LoadClock(byte[] payload)
    {
        using var stream = new MemoryStream(payload);
        using var fields = new BinaryReader(stream);
        long now = fields.ReadInt64();
        if (_vm.Clock is not InstructionClock clock)
        {
            _hostClock!.Load(now);
            return;
        }

        long ranAt = fields.ReadInt64();
        int driver = fields.ReadInt32();
        var armed = new List<(int, long)>();
        for (int left = fields.ReadInt32(); left > 0; left--)
        {
            armed.Add((fields.ReadInt32(), fields.ReadInt64()));
        }

        VirtualCpu vcpu = Vcpus.FirstOrDefault(vcpu => vcpu.Id == driver) ?? throw new InvalidDataException("The clock follows a vCPU that the machine has not.");
        clock.Load(new InstructionClockState(now, ranAt, driver, armed), vcpu);
    }
}
