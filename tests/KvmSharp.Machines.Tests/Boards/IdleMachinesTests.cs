namespace KvmSharp.Machines.Tests;

/// <summary>A machine costs what its guest touches: many idle ones fit into one process.</summary>
public class IdleMachinesTests
{
    private const int Machines = 100;
    private const ulong Memory = 16 << 20;
    private const long Allowed = 400L << 20;

    // sti; again: hlt; jmp again
    private static readonly byte[] Idle = [0xFB, 0xF4, 0xEB, 0xFD];

    [Fact]
    public void Run_AHundredIdleMachines_StayUnder400MebibytesResident()
    {
        using var cancelled = new CancellationTokenSource();
        long before = Environment.WorkingSet;
        var machines = new List<PcMachine>();
        var threads = new List<Thread>();
        try
        {
            for (int i = 0; i < Machines; i++)
            {
                var machine = new PcMachine(Options());
                machines.Add(machine);
                var thread = new Thread(() => machine.Run(new MachineRunOptions { Cancellation = cancelled.Token }));
                threads.Add(thread);
                thread.Start();
            }

            WaitUntil(() => machines.TrueForAll(m => m.InstructionsRetired >= 2)).Should().BeTrue("all have booted");

            // What the test host held before is its own; each machine is a whole PC with a thread, halted between two ticks.
            (Environment.WorkingSet - before).Should().BeLessThan(Allowed);
        }
        finally
        {
            cancelled.Cancel();
            threads.ForEach(t => t.Join());
            machines.ForEach(m => m.Dispose());
        }
    }

    private static PcOptions Options() => new()
    {
        Boot = new BootSource { Image = new ImageFile("idle", Idle), Format = ImageFormat.Flat },
        MemoryBytes = Memory,
    };

    private static bool WaitUntil(Func<bool> condition)
    {
        for (int waited = 0; waited < 1000 && !condition(); waited++)
        {
            Thread.Sleep(10);
        }

        return condition();
    }
}
