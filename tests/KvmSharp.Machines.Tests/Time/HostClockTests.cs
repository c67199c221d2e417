namespace KvmSharp.Machines.Tests;

public sealed class HostClockTests : IDisposable
{
    private const long Millisecond = 1_000_000;

    private readonly ManualTime _time = new();
    private readonly HostClock _clock;
    private readonly List<long> _fired = [];

    public HostClockTests() => _clock = new HostClock(_time, new DeviceLock());

    public void Dispose()
    {
        _clock.Dispose();
        _time.Dispose();
    }

    [Fact]
    public void Now_AfterTimePassed_CountsNanosecondsFromZero()
    {
        _clock.Now.Should().Be(0);
        _time.Advance(TimeSpan.FromMilliseconds(3));
        _clock.Now.Should().Be(3 * Millisecond);
    }

    [Fact]
    public void Pause_TimePasses_NowStandsStillAndDeadlineWaits()
    {
        IDeadline deadline = _clock.CreateDeadline(() => _fired.Add(_clock.Now));
        deadline.Arm(5 * Millisecond);
        _time.Advance(TimeSpan.FromMilliseconds(2));
        _clock.Pause();
        _time.Advance(TimeSpan.FromSeconds(10));
        (_clock.Now, _fired.Count).Should().Be((2 * Millisecond, 0));

        _clock.Resume();
        _time.Advance(TimeSpan.FromMilliseconds(3));

        _fired.Should().Equal(5 * Millisecond);
    }

    [Fact]
    public void Arm_SeveralDeadlines_FireInTheirOrder()
    {
        var order = new List<char>();
        _clock.CreateDeadline(() => order.Add('b')).Arm(2 * Millisecond);
        _clock.CreateDeadline(() => order.Add('a')).Arm(1 * Millisecond);

        _time.Advance(TimeSpan.FromMilliseconds(5));

        order.Should().Equal('a', 'b');
    }

    [Fact]
    public void Arm_FromItsOwnCallback_FiresAgainLater()
    {
        IDeadline? deadline = null;
        deadline = _clock.CreateDeadline(() =>
        {
            _fired.Add(_clock.Now);
            deadline!.Arm(_clock.Now + Millisecond);
        });
        deadline.Arm(Millisecond);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        _time.Advance(TimeSpan.FromMilliseconds(1));

        _fired.Should().Equal(1 * Millisecond, 2 * Millisecond);
    }

    [Fact]
    public void Arm_InThePast_DoesNotFireInsideTheCall()
    {
        _time.Advance(TimeSpan.FromMilliseconds(5));
        IDeadline deadline = _clock.CreateDeadline(() => _fired.Add(_clock.Now));

        deadline.Arm(1);

        (_fired.Count, deadline.IsArmed).Should().Be((0, true));
        _time.Advance(TimeSpan.Zero);
        (_fired.Count, deadline.IsArmed).Should().Be((1, false));
    }

    [Fact]
    public void Disarm_BeforeItsTime_NeverFires()
    {
        IDeadline deadline = _clock.CreateDeadline(() => _fired.Add(_clock.Now));
        deadline.Arm(Millisecond);
        deadline.Disarm();

        _time.Advance(TimeSpan.FromMilliseconds(5));

        _fired.Should().BeEmpty();
    }

    [Fact]
    public void Dispose_ArmedDeadline_NeverFires()
    {
        _clock.CreateDeadline(() => _fired.Add(0)).Arm(Millisecond);
        _clock.Dispose();
        _time.Advance(TimeSpan.FromMilliseconds(5));
        _fired.Should().BeEmpty();
    }
}
