using System.Runtime.CompilerServices;
using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>What a vCPU counts about itself. Written by its own thread only.</summary>
internal sealed class VcpuCounters
{
    private readonly ulong[] _exits = new ulong[64];
    private readonly ulong[] _repeats = new ulong[64];
    private readonly ulong[] _intercepts = new ulong[(int)InterceptKind.TaskSwitch + 1];
    private uint _intercepted;
    private ulong _interceptExits;

    public ulong Interrupts { get; private set; }

    public ulong Exceptions { get; private set; }

    /// <summary>Sets the intercepts in force: an exit that they have counted already is one exit, not two, by Intel's numbers.</summary>
    public InterceptControls Intercepted
    {
        set => _intercepted = BitFor(VmExitReason.Hlt, value.Hlt) | BitFor(VmExitReason.Rdmsr, value.Rdmsr) | BitFor(VmExitReason.Wrmsr, value.Wrmsr);
    }

    /// <summary>Counts an exit, whether handled in place or returned.</summary>
    /// <param name="reason">Its reason, one of KVM's.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Count(VmExitReason reason)
    {
        _exits[(int)reason]++;
        if (_intercepted != 0)
        {
            _repeats[(int)reason] += (_intercepted >> (int)reason) & 1;
        }
    }

    /// <summary>Counts something intercepted, whether it makes an exit or not.</summary>
    /// <param name="kind">Its kind.</param>
    public void Count(InterceptKind kind) => _intercepts[(int)kind]++;

    /// <summary>Counts an intercept exit.</summary>
    public void CountInterceptExit() => _interceptExits++;

    /// <summary>Counts an event that goes through the IDT or IVT.</summary>
    /// <param name="kind">Where it comes from.</param>
    public void CountDelivery(EventKind kind)
    {
        if (kind == EventKind.External)
        {
            Interrupts++;
        }
        else
        {
            Exceptions++;
        }
    }

    public ulong ExitsOf(VmExitReason reason) => reason == VmExitReason.Intercept ? _interceptExits : _exits[(int)reason];

    public ulong Of(InterceptKind kind) => _intercepts[(int)kind];

    /// <summary>Sums up what has one of Intel's numbers.</summary>
    /// <param name="reason">The number.</param>
    /// <returns>Exits and intercepts, each occurrence once.</returns>
    public ulong ExitsOf(BasicExitReason reason)
    {
        ulong sum = 0;
        for (int i = 0; i < _exits.Length; i++)
        {
            sum += VmExit.Plain(0, (VmExitReason)i).BasicExitReason == reason ? _exits[i] - _repeats[i] : 0;
        }

        for (int i = 1; i < _intercepts.Length; i++)
        {
            sum += VmExit.Intercepted(0, (InterceptKind)i).BasicExitReason == reason ? _intercepts[i] : 0;
        }

        return sum;
    }

    private static uint BitFor(VmExitReason reason, InterceptMode mode) => mode == InterceptMode.Off ? 0 : 1u << (int)reason;
}
