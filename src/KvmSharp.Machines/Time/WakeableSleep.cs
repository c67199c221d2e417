using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KvmSharp.Machines;

/// <summary>A sleep that another thread may end, exact to some ten microseconds where the host can do that, else to milliseconds.</summary>
/// <remarks>The runtime's own waits count milliseconds, so that a clock of 1 kHz could not follow the host's.</remarks>
internal sealed class WakeableSleep : IDisposable
{
    private const int EventNonBlocking = 0x800;
    private const short PollIn = 1;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly Descriptor? _event;
    private readonly AutoResetEvent _portable = new(initialState: false);

    public WakeableSleep()
    {
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess)
        {
            _event = MakeEvent(0, EventNonBlocking);
        }
    }

    /// <summary>Ends the sleep under way, or else the next one before it begins.</summary>
    public void Wake()
    {
        ulong one = 1;
        if (_event is null)
        {
            _portable.Set();
        }
        else
        {
            _ = Write(_event, ref one, sizeof(ulong));
        }
    }

    /// <summary>Sleeps.</summary>
    /// <param name="longest">For how long unless somebody ends it; a part of a millisecond may become a whole one.</param>
    public void Sleep(TimeSpan longest)
    {
        if (_event is null)
        {
            _portable.WaitOne(TimeSpan.FromMilliseconds(Math.Ceiling(longest.TotalMilliseconds)));
            return;
        }

        bool added = false;
        try
        {
            _event.DangerousAddRef(ref added);
            long nanoseconds = longest.Ticks * TimeSpan.NanosecondsPerTick;
            var time = new TimeSpecification(nanoseconds / NanosecondsPerSecond, nanoseconds % NanosecondsPerSecond);
            var poll = new PollDescriptor { Descriptor = (int)_event.DangerousGetHandle(), Events = PollIn };
            if (Poll(ref poll, 1, ref time, 0) > 0)
            {
                _ = Read(_event, out _, sizeof(ulong));
            }
        }
        finally
        {
            if (added)
            {
                _event.DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _event?.Dispose();
        _portable.Dispose();
    }

    [DllImport("libc", EntryPoint = "eventfd")]
    private static extern Descriptor MakeEvent(uint value, int flags);

    [DllImport("libc", EntryPoint = "ppoll")]
    private static extern int Poll(ref PollDescriptor descriptors, nuint count, ref TimeSpecification time, nint signals);

    [DllImport("libc", EntryPoint = "read")]
    private static extern nint Read(Descriptor descriptor, out ulong value, nuint size);

    [DllImport("libc", EntryPoint = "write")]
    private static extern nint Write(Descriptor descriptor, ref ulong value, nuint size);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int CloseDescriptor(nint descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private record struct TimeSpecification(long Seconds, long Nanoseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    private sealed class Descriptor() : SafeHandleMinusOneIsInvalid(ownsHandle: true)
    {
        protected override bool ReleaseHandle() => CloseDescriptor(handle) == 0;
    }
}
