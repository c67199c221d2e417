using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

/// <summary>What every part with a state promises. A device's tests inherit it and say how to make, disturb and observe the part.</summary>
/// <typeparam name="TPart">The part.</typeparam>
/// <typeparam name="TState">Its state.</typeparam>
public abstract class StatefulContract<TPart, TState>
    where TPart : class, IPortDevice, IStateful<TState>
    where TState : unmanaged
{
    /// <summary>A part on wires and a clock of its own.</summary>
    internal sealed record Bench(TPart Part, ManualClock Clock, params Wire[] Wires);

    /// <summary>How many ports the part decodes; storms also touch those beyond.</summary>
    protected abstract int Ports { get; }

    /// <summary>Makes a part in its power-on state.</summary>
    internal abstract Bench Make();

    /// <summary>Brings the part into a state that differs from power-on, asserting a wire where the part has one.</summary>
    internal abstract void Disturb(Bench bench);

    /// <summary>Puts a host-side event to the part, if it has any.</summary>
    internal virtual void Host(TPart part, byte value)
    {
    }

    /// <summary>What a reset leaves of a disturbed state; power-on unless a battery keeps some.</summary>
    internal virtual TState AfterReset(TState disturbed) => Make().Part.Save();

    [Fact]
    public void State_Layout_HasNoPadding() => StateBytes.Filled(typeof(TState)).Should().Be(Unsafe.SizeOf<TState>());

    [Fact]
    public void Save_Disturbed_DiffersFromPowerOn()
    {
        Bench bench = Make();
        Disturb(bench);
        Saved(bench).Should().NotEqual(Saved(Make()));
    }

    [Fact]
    public void Save_Twice_ChangesNothing()
    {
        Bench bench = Make();
        Disturb(bench);
        Saved(bench).Should().Equal(Saved(bench));
    }

    [Fact]
    public void Load_IntoAnother_MakesBothEqualAndDrivesThePins()
    {
        Bench one = Make();
        Disturb(one);
        Bench other = Make();
        other.Clock.SkipTo(one.Clock.Now);
        foreach (Wire wire in other.Wires)
        {
            wire.WasDriven = false;
        }

        other.Part.Load(one.Part.Save());

        Saved(other).Should().Equal(Saved(one));
        other.Wires.Select(w => w.Level).Should().Equal(one.Wires.Select(w => w.Level));
        other.Wires.Where(w => w.Level && !w.WasDriven).Should().BeEmpty("loading drives the pins again");
    }

    [Fact]
    public void Load_OfPowerOn_TakesTheDisturbanceBack()
    {
        Bench bench = Make();
        TState fresh = bench.Part.Save();
        var levels = bench.Wires.Select(w => w.Level).ToList();
        Disturb(bench);

        bench.Part.Load(fresh);

        Saved(bench).Should().Equal(StateBytes.Of(fresh));
        bench.Wires.Select(w => w.Level).Should().Equal(levels);
    }

    [Fact]
    public void Reset_Disturbed_GivesPowerOn()
    {
        Bench bench = Make();
        Disturb(bench);
        TState expected = AfterReset(bench.Part.Save());

        bench.Part.Reset();

        Saved(bench).Should().Equal(StateBytes.Of(expected));
    }

    [Fact]
    public void Storm_AnyAccesses_LoadedCopyBehavesTheSame() => Prop.ForAll(Storms.Arbitrary, Storms.Arbitrary, (before, after) =>
    {
        Bench one = Make();
        Storms.Run(before, one.Part, one.Clock, Ports, Host);
        Bench other = Make();
        other.Clock.SkipTo(one.Clock.Now);
        other.Part.Load(one.Part.Save());

        List<uint> answers = Storms.Run(after, one.Part, one.Clock, Ports, Host);

        Storms.Run(after, other.Part, other.Clock, Ports, Host).Should().Equal(answers);
        Saved(other).Should().Equal(Saved(one));
        other.Wires.Select(w => w.Level).Should().Equal(one.Wires.Select(w => w.Level));
    }).Check(Config.QuickThrowOnFailure);

    private static byte[] Saved(Bench bench) => StateBytes.Of(bench.Part.Save());
}
