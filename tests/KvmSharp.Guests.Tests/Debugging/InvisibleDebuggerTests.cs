using System.Security.Cryptography;
using System.Text;
using KvmSharp.Machines;
using KvmSharp.Tests.Gdb;

namespace KvmSharp.Guests.Tests.Debugging;

/// <summary>A debugger that steps, stops, watches and goes changes nothing: every guest ends with the same memory, registers and counts.</summary>
public class InvisibleDebuggerTests
{
    [Theory]
    [MemberData(nameof(GuestList.Names), MemberType = typeof(GuestList))]
    public void Run_DebuggedInterpreted_EndsInTheSameState(string name) => Check(name, EngineKind.Interpreter);

    [Theory]
    [InlineData("sieve")]
    [InlineData("tasks")]
    [InlineData("memtest")]
    [InlineData("smc")]
    [InlineData("faults")]
    [InlineData("processors")]
    public void Run_DebuggedTranslated_EndsInTheSameState(string name) => Check(name, EngineKind.Auto);

    private static void Check(string name, EngineKind engine)
    {
        Guest guest = GuestList.All.Single(g => g.Name == name);
        Run(guest, engine, debugged: true).Should().Be(Run(guest, engine, debugged: false));
    }

    private static string Run(Guest guest, EngineKind engine, bool debugged)
    {
        var serial = new SerialBuffer(guest.Input is null ? default : File.ReadAllBytes(GuestList.PathOf(guest.Input)));
        using var machine = new DebuggedMachine(guest.Options() with { Serial = serial, Deterministic = true, Engine = engine }, wait: debugged, guest.InstructionLimit);
        if (debugged)
        {
            using GdbClient client = machine.Connect();
            new Visit(client).Make();
            MachineStop ended = machine.End();
            return Describe(machine.Machine, ended, serial);
        }

        return Describe(machine.Machine, machine.End(), serial);
    }

    private static string Describe(PcMachine machine, MachineStop stop, SerialBuffer serial)
    {
        var text = new StringBuilder();
        text.Append(stop.Reason).Append(' ').Append(stop.DebugExitStatus).Append(' ').Append(machine.InstructionsRetired).Append(' ').Append(machine.Now).Append('\n');
        foreach (VirtualCpu vcpu in machine.Vcpus)
        {
            text.Append(vcpu.GetRegisters()).Append('\n').Append(vcpu.GetSpecialRegisters()).Append('\n').Append(vcpu.GetDebugRegisters()).Append('\n');
            text.Append(vcpu.InstructionsRetired).Append(' ').Append(vcpu.MpState).Append(' ').Append(vcpu.GetEvents()).Append('\n');
        }

        byte[] low = new byte[0xA_0000];
        byte[] high = new byte[(16 << 20) - 0x10_0000];
        machine.Memory.TryRead(0, low).Should().BeTrue();
        machine.Memory.TryRead(0x10_0000, high).Should().BeTrue();
        text.Append(Convert.ToHexString(SHA256.HashData(low))).Append('\n').Append(Convert.ToHexString(SHA256.HashData(high))).Append('\n');
        return text.Append(Encoding.Latin1.GetString(serial.Output())).ToString();
    }

    /// <summary>What the debugger does, as long as the guest lives.</summary>
    private sealed class Visit(GdbClient client)
    {
        private bool _ended;

        public void Make()
        {
            client.Ask("qSupported:swbreak+;hwbreak+");
            Times(400, () => Go("vCont;s:1;c")); // REP iterations, interrupt shadows, faults and the guest's own traps among them
            WatchTheStack();
            BreakHere();
            Times(40, () => Go("vCont;s:1;c"));
            Interrupt();
            BreakHere();
            Times(200, () => Go("vCont;s:1;c"));
            if (!_ended)
            {
                client.Ask("D").Should().Be("OK");
            }
        }

        private void WatchTheStack()
        {
            if (!_ended)
            {
                ulong stack = BitConverter.ToUInt32(Convert.FromHexString(client.Ask("p4"))) & ~0xFFFUL;
                client.Ask($"Z4,{stack:x},1000").Should().Be("OK");
                Times(10, () => Go("vCont;c"));
                Drop($"z4,{stack:x},1000");
            }
        }

        private void BreakHere()
        {
            if (!_ended)
            {
                uint pointer = BitConverter.ToUInt32(Convert.FromHexString(client.Ask("p8")));
                client.Ask($"Z0,{pointer:x},1").Should().Be("OK");
                client.Ask($"Z1,{pointer + 2:x},1").Should().Be("OK");
                Times(10, () => Go("vCont;c"));
                Drop($"z0,{pointer:x},1");
                Drop($"z1,{pointer + 2:x},1");
            }
        }

        private void Interrupt()
        {
            if (!_ended)
            {
                client.Send("vCont;c");
                client.SendRaw("\u0003");
                Follow();
            }
        }

        private void Drop(string packet)
        {
            if (!_ended)
            {
                client.Ask(packet).Should().Be("OK");
            }
        }

        private void Times(int count, Action action)
        {
            for (int i = 0; i < count && !_ended; i++)
            {
                action();
            }
        }

        private void Go(string packet)
        {
            client.Send(packet);
            Follow();
        }

        private void Follow()
        {
            string answer = client.Receive();
            while (answer[0] == 'O')
            {
                answer = client.Receive();
            }

            if (answer[0] == 'T' && answer[..3] is "T0b" or "T04" or "T0a")
            {
                answer = client.Ask("c"); // it cannot go on
            }

            _ended = answer[0] is 'W' or 'X';
        }
    }
}
