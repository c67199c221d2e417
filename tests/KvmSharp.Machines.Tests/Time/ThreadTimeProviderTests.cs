namespace KvmSharp.Machines.Tests;

public class ThreadTimeProviderTests
{
    private static readonly TimeSpan Never = Timeout.InfiniteTimeSpan;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Timer_ThreadPoolIsBusy_FiresAllTheSame()
    {
        using var release = new ManualResetEventSlim();
        using var fired = new ManualResetEventSlim();
        Task[] blocked = [.. Enumerable.Range(0, 4 * Environment.ProcessorCount).Select(_ => Task.Run(release.Wait))];
        bool ofPool = true;
        using ITimer timer = ThreadTimeProvider.Instance.CreateTimer(
            _ =>
            {
                ofPool = Thread.CurrentThread.IsThreadPoolThread;
                fired.Set();
            },
            null,
            TimeSpan.FromMilliseconds(1),
            Never);

        fired.Wait(Patience).Should().BeTrue();

        ofPool.Should().BeFalse("the pool may have no thread to spare");
        release.Set();
        await Task.WhenAll(blocked);
    }

    [Fact]
    public void Timer_WithPeriod_FiresAgain()
    {
        using var fired = new CountdownEvent(3);
        using ITimer timer = ThreadTimeProvider.Instance.CreateTimer(
            _ =>
            {
                if (!fired.IsSet)
                {
                    fired.Signal();
                }
            },
            null,
            TimeSpan.Zero,
            TimeSpan.FromMilliseconds(1));

        fired.Wait(Patience).Should().BeTrue();
    }

    [Fact]
    public void Change_SetsTheTimerAnew()
    {
        using var fired = new ManualResetEventSlim();
        using ITimer timer = ThreadTimeProvider.Instance.CreateTimer(_ => fired.Set(), null, TimeSpan.FromHours(1), Never);

        timer.Change(TimeSpan.FromMilliseconds(1), Never).Should().BeTrue();

        fired.Wait(Patience).Should().BeTrue();
    }

    [Fact]
    public void Change_AfterDispose_IsRefused()
    {
        ITimer timer = ThreadTimeProvider.Instance.CreateTimer(_ => { }, null, TimeSpan.FromHours(1), Never);
        timer.Dispose();

        timer.Change(TimeSpan.Zero, Never).Should().BeFalse();
    }

    [Fact]
    public void Change_ToAnEarlierTimeWhileItSleeps_FiresThen()
    {
        using var first = new ManualResetEventSlim();
        using var second = new ManualResetEventSlim();
        using ITimer timer = ThreadTimeProvider.Instance.CreateTimer(_ => (first.IsSet ? second : first).Set(), null, TimeSpan.Zero, TimeSpan.FromHours(1));
        first.Wait(Patience).Should().BeTrue(); // from here on its thread sleeps for an hour

        timer.Change(TimeSpan.FromMicroseconds(300), Never);

        second.Wait(Patience).Should().BeTrue();
    }
}
