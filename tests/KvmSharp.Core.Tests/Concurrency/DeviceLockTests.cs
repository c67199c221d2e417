namespace KvmSharp.Tests.Concurrency;

public class DeviceLockTests
{
    private const int Rounds = 200_000;

    [Fact]
    public void Enter_OwnerAndOthers_ExcludeEachOther()
    {
        var gate = new DeviceLock();
        long guarded = 0;
        bool ended = false;
        var others = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref ended))
            {
                Count(gate, ref guarded, by: 0);
                Thread.Sleep(0);
            }
        })).ToList();
        others.ForEach(thread => thread.Start());

        // By turns with an owner and without one, as runs of a machine follow each other.
        for (int run = 0; run < 4; run++)
        {
            bool owns = run % 2 == 0 && gate.Own();
            for (int i = 0; i < Rounds; i++)
            {
                Count(gate, ref guarded, by: 1);
            }

            if (owns)
            {
                gate.Disown();
            }
        }

        Volatile.Write(ref ended, true);
        others.ForEach(thread => thread.Join());
        guarded.Should().Be(4 * Rounds);
    }

    [Fact]
    public void Enter_TwiceOnOneThread_HoldsUntilTheOuterEnds()
    {
        var gate = new DeviceLock();
        using var entered = new ManualResetEventSlim();
        gate.Own().Should().BeTrue();
        var other = new Thread(() =>
        {
            using (gate.Enter())
            using (gate.Enter())
            {
                entered.Set();
            }
        });
        using (gate.Enter())
        {
            using (gate.Enter())
            {
                other.Start();
            }

            entered.Wait(20).Should().BeFalse("the outer one still holds it");
        }

        entered.Wait(10_000).Should().BeTrue();
        other.Join();
        gate.Disown();
    }

    [Fact]
    public void Own_WhileOwned_IsRefused()
    {
        var gate = new DeviceLock();
        gate.Own();

        bool second = true;
        var other = new Thread(() => second = gate.Own());
        other.Start();
        other.Join();

        second.Should().BeFalse();
    }

    // A read and a later write: two at once would lose one.
    private static void Count(DeviceLock gate, ref long guarded, int by)
    {
        using (gate.Enter())
        {
            long before = Volatile.Read(ref guarded);
            Thread.SpinWait(1);
            Volatile.Write(ref guarded, before + by);
        }
    }
}
