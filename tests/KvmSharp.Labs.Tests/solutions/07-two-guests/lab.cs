using KvmSharp;

if (args.Length == 0)
{
    args = ["turns", "${slice}", "guests/lower.bin", "guests/upper.bin"];
}

using var kvm = Kvm.Open();
Guest[] guests = [.. args.Skip(2).Select((argument, number) => Guest.Load(kvm, number, argument))];
ulong slice = ulong.Parse(args[1]);
IPolicy policy = args[0] switch
{
    "turns" => new Turns(guests, slice),
    "budget" => new Budget(guests, slice),
    "weights" => new Weights(guests, slice),
    _ => throw new ArgumentException($"there is no policy {args[0]}"),
};

ulong now = 0; // instructions of all guests, and the time in which none ran
while (guests.Any(guest => !guest.HasEnded))
{
    foreach (Guest guest in guests.Where(guest => guest.IsAsleep && guest.WakesAt <= now))
    {
        policy.OnWake(guest);
        guest.IsAsleep = false;
    }

    if (policy.Next(now) is { } turn)
    {
        ulong used = Run(turn.Guest, turn.Length);
        policy.OnTurn(turn.Guest, used);
    }
    else
    {
        now = guests.Where(guest => guest.IsAsleep).Select(guest => guest.WakesAt).Append(policy.Event(now)).Min();
    }
}

return 0;

// One turn: exits do not end it, unless the guest sleeps or ends.
ulong Run(Guest guest, ulong length)
{
    VirtualCpu cpu = guest.Cpu;
    ulong start = cpu.InstructionsRetired;
    ulong? nap = null;
    string? end = null;
    while (nap is null && end is null && cpu.InstructionsRetired - start < length)
    {
        VmExit exit = cpu.Run(length - (cpu.InstructionsRetired - start));
        switch (exit)
        {
            case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: Guest.ConsolePort, Width: 1, Count: 1 }:
                Console.Write((char)exit.Value);
                cpu.CompletePendingExit();
                break;
            case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: Guest.SleepPort, Width: 4, Count: 1 }:
                nap = exit.Value;
                cpu.CompletePendingExit();
                break;
            case { InterruptCause: InterruptCause.Budget }:
                break;
            case { Reason: VmExitReason.Hlt }:
                end = "halted";
                break;
            default:
                end = "failed";
                break;
        }
    }

    ulong used = cpu.InstructionsRetired - start;
    now += used;
    guest.IsAsleep = nap > 0;
    guest.WakesAt = now + (nap ?? 0);
    if (end is not null)
    {
        guest.HasEnded = true;
        Console.WriteLine($"\nguest {guest.Number} {end} at {now} after {cpu.InstructionsRetired}");
    }

    return used;
}

internal sealed class Guest
{
    private const ulong Base = ${base};
    public const ushort ConsolePort = ${port};
    public const ushort SleepPort = ${sleep};

    public required int Number { get; init; }

    public required ulong Share { get; init; }

    public required VirtualCpu Cpu { get; init; }

    public bool HasEnded { get; set; }

    public bool IsAsleep { get; set; }

    public ulong WakesAt { get; set; }

    public ulong Used { get; set; } // in this period: budget

    public ulong Pass { get; set; } // weights

    public bool IsReady => !HasEnded && !IsAsleep;

    public static Guest Load(Kvm kvm, int number, string argument)
    {
        string[] parts = argument.Split('=');
        VirtualMachine vm = kvm.CreateVm();
        vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x10000));
        vm.Memory.Write(Base, File.ReadAllBytes(parts[0]));
        VirtualCpu cpu = vm.CreateVcpu(0);
        cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = SegmentRegister.RealMode(0) });
        cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });
        return new Guest { Number = number, Share = parts.Length > 1 ? ulong.Parse(parts[1]) : 1, Cpu = cpu };
    }
}

internal readonly record struct Turn(Guest Guest, ulong Length);

internal interface IPolicy
{
    // Who runs next, and how long; null when nobody may.
    Turn? Next(ulong now);

    void OnTurn(Guest guest, ulong used);

    void OnWake(Guest guest);

    // When somebody may run again who may not now, sleepers apart.
    ulong Event(ulong now) => ulong.MaxValue;
}

internal sealed class Turns(Guest[] guests, ulong slice) : IPolicy
{
    private int _last = guests.Length - 1;

    public Turn? Next(ulong now)
    {
        for (int i = 1; i <= guests.Length; i++)
        {
            Guest guest = guests[(_last + i) % guests.Length];
            if (guest.IsReady)
            {
                return new Turn(guest, slice);
            }
        }

        return null;
    }

    public void OnTurn(Guest guest, ulong used) => _last = guest.Number;

    public void OnWake(Guest guest)
    {
    }
}

internal sealed class Budget(Guest[] guests, ulong period) : IPolicy
{
    private ulong _period;

    public Turn? Next(ulong now)
    {
        if (now / period != _period)
        {
            _period = now / period;
            Array.ForEach(guests, guest => guest.Used = 0);
        }

        return guests.FirstOrDefault(guest => guest.IsReady && guest.Used < guest.Share) is { } next
            ? new Turn(next, Math.Min(next.Share - next.Used, Event(now) - now))
            : null;
    }

    public void OnTurn(Guest guest, ulong used) => guest.Used += used;

    public void OnWake(Guest guest)
    {
    }

    public ulong Event(ulong now) => ((now / period) + 1) * period;
}

internal sealed class Weights(Guest[] guests, ulong slice) : IPolicy
{
    private const ulong Scale = 1 << 20;

    public Turn? Next(ulong now) => guests.Where(guest => guest.IsReady).MinBy(guest => guest.Pass) is { } next ? new Turn(next, slice) : null;

    public void OnTurn(Guest guest, ulong used) => guest.Pass += used * Scale / guest.Share;

    // Who has slept has no claim on the time that the others have had.
    public void OnWake(Guest guest)
    {
        ulong floor = guests.Where(other => other.IsReady).Select(other => other.Pass).DefaultIfEmpty().Min();
        guest.Pass = Math.Max(guest.Pass, floor);
    }
}
