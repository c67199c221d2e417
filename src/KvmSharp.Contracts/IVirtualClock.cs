namespace KvmSharp;

/// <summary>The machine's time. Devices know no other: no wall clock and no host timer reaches them.</summary>
/// <remarks>Time starts at 0 when the machine is built, never runs backwards, and stands still while the machine is paused.</remarks>
public interface IVirtualClock
{
    /// <summary>Gets the virtual time in nanoseconds.</summary>
    long Now { get; }

    /// <summary>Makes a deadline that can be armed any number of times.</summary>
    /// <param name="callback">
    /// Called once per arming when the time has come, with the machine's device lock held. It may arm the deadline again.
    /// </param>
    /// <returns>The deadline, not armed.</returns>
    IDeadline CreateDeadline(Action callback);
}

/// <summary>One moment that a device waits for. KVM has no such thing: there each device owns a host timer.</summary>
public interface IDeadline
{
    /// <summary>Gets a value indicating whether the deadline is armed and has not come yet.</summary>
    bool IsArmed { get; }

    /// <summary>Arms the deadline, or moves it when it is armed already.</summary>
    /// <param name="due">The virtual time in nanoseconds; a time that has passed comes as soon as possible, never inside this call.</param>
    void Arm(long due);

    /// <summary>Disarms the deadline; nothing happens if it is not armed.</summary>
    void Disarm();
}
