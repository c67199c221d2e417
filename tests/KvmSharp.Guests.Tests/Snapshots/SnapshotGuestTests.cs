using System.Security.Cryptography;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests.Snapshots;

/// <summary>A guest that is saved somewhere on its way and restored, or forked, ends as one that ran through: in every byte of its state, and in its output.</summary>
public sealed class SnapshotGuestTests
{
    private const int Places = 3; // where each guest is saved
    private const ulong MostInstructions = 20_000_000;

    public static TheoryData<string, EngineKind> Cases()
    {
        var cases = new TheoryData<string, EngineKind>();
        foreach (Guest guest in GuestList.All)
        {
            cases.Add(guest.Name, EngineKind.Interpreter);
            cases.Add(guest.Name, EngineKind.Translator);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Restore_AtAnyInstruction_RunsOnAlike(string name, EngineKind engine) => Compare(name, engine, static (machine, host) =>
    {
        using var snapshot = new MemoryStream();
        machine.Save(snapshot);
        snapshot.Position = 0;
        return PcMachine.Restore(snapshot, host);
    });

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fork_AtAnyInstruction_RunsOnAlike(string name, EngineKind engine) => Compare(name, engine, static (machine, host) => machine.Fork(host));

    private static void Compare(string name, EngineKind engine, Func<PcMachine, MachineHost, PcMachine> copy)
    {
        Guest guest = GuestList.All.Single(g => g.Name == name);
        byte[] input = guest.Input is null ? [] : File.ReadAllBytes(GuestList.PathOf(guest.Input));
        PcOptions options = guest.Options() with { Deterministic = true, Engine = engine };
        var whole = new SerialBuffer(input);
        using var reference = new PcMachine(options with { Serial = whole });
        ulong limit = Math.Min(guest.InstructionLimit, MostInstructions);
        MachineStop end = reference.Run(new MachineRunOptions { MaxInstructions = limit });
        ulong length = reference.InstructionsRetired;
        string expected = Hash(reference);

        var random = new Random(name.GetHashCode(StringComparison.Ordinal)); // another place in each run; the message says which
        for (int place = 0; place < Places; place++)
        {
            ulong split = (ulong)random.NextInt64((long)length);
            var before = new CountingBuffer(input);
            using var first = new PcMachine(options with { Serial = before });
            first.Run(new MachineRunOptions { MaxInstructions = split });
            var behind = new SerialBuffer(input.AsMemory(before.Taken));
            using PcMachine second = copy(first, new MachineHost { Serial = behind, Engine = engine });
            MachineStop stop = second.Run(new MachineRunOptions { MaxInstructions = limit - split });

            stop.Reason.Should().Be(end.Reason, "saved at {0}", split);
            before.Output().Concat(behind.Output()).Should().Equal(whole.Output(), "saved at {0}", split);
            Hash(second).Should().Be(expected, "saved at {0}", split);
        }
    }

    private static string Hash(PcMachine machine)
    {
        using var snapshot = new MemoryStream();
        machine.Save(snapshot);
        return Convert.ToHexString(SHA256.HashData(snapshot.GetBuffer().AsSpan(0, (int)snapshot.Length)));
    }

    /// <summary>A serial host that tells how much of its input has been taken.</summary>
    private sealed class CountingBuffer(byte[] input) : ISerialHost
    {
        private readonly SerialBuffer _buffer = new(input);

        public int Taken { get; private set; }

        public byte[] Output() => _buffer.Output();

        public void Write(byte value) => _buffer.Write(value);

        public void WaitForRoom()
        {
        }

        public bool TryRead(out byte value)
        {
            bool taken = _buffer.TryRead(out value);
            Taken += taken ? 1 : 0;
            return taken;
        }

        public bool WaitForInput(CancellationToken cancellation) => _buffer.WaitForInput(cancellation);
    }
}
