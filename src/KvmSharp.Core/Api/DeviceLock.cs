using System.Runtime.CompilerServices;

namespace KvmSharp;

/// <summary>A lock that costs the thread which takes it at every exit next to nothing: the device lock of a machine. Reentrant.</summary>
/// <remarks>
/// A thread may own it for a time (<see cref="Own"/>): it enters by a plain write and a plain read, without an interlocked operation.
/// All others pay for that: they take a lock among themselves, announce themselves, issue a fence for all threads of the process
/// (<see cref="Interlocked.MemoryBarrierProcessWide"/>, some microseconds) and wait until the owner is out. Behind the fence either the
/// owner's write is seen, or its read comes later and sees them. Without an owner it is an ordinary lock.
/// </remarks>
public sealed class DeviceLock
{
    private readonly Lock _others = new();
    private int _owner;       // a managed thread's number, 0 for none
    private int _ownerDepth;  // how often the owner has entered; written by it alone
    private int _othersDepth; // likewise of the holder of _others
    private int _wanted;

    /// <summary>Makes the calling thread the owner, if there is none. It must not hold the lock.</summary>
    /// <returns>Whether it is the owner now; then it calls <see cref="Disown"/> later.</returns>
    public bool Own()
    {
        lock (_others)
        {
            if (_owner != 0)
            {
                return false;
            }

            Volatile.Write(ref _owner, Environment.CurrentManagedThreadId);
            return true;
        }
    }

    /// <summary>Ends the ownership of the calling thread. It must not hold the lock.</summary>
    public void Disown() => Volatile.Write(ref _owner, 0);

    /// <summary>Takes the lock; waits while another thread has it.</summary>
    /// <returns>Disposing it gives the lock back, on the same thread.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Scope Enter()
    {
        if (Volatile.Read(ref _owner) != Environment.CurrentManagedThreadId)
        {
            EnterAsOther();
            return new Scope(this, isOwner: false);
        }

        int depth = _ownerDepth;
        Volatile.Write(ref _ownerDepth, depth + 1);
        if (depth == 0 && Volatile.Read(ref _wanted) != 0)
        {
            LetOthersFirst();
        }

        return new Scope(this, isOwner: true);
    }

    private void LetOthersFirst()
    {
        Volatile.Write(ref _ownerDepth, 0);
        lock (_others)
        {
            Volatile.Write(ref _ownerDepth, 1); // whoever comes now waits for it
        }
    }

    private void EnterAsOther()
    {
        _others.Enter();
        if (_othersDepth++ != 0)
        {
            return;
        }

        Volatile.Write(ref _wanted, 1);
        if (Volatile.Read(ref _owner) == 0)
        {
            return; // nobody becomes the owner while _others is held
        }

        Interlocked.MemoryBarrierProcessWide();
        var spin = default(SpinWait);
        while (Volatile.Read(ref _ownerDepth) != 0)
        {
            spin.SpinOnce();
        }
    }

    private void ExitAsOther()
    {
        if (--_othersDepth == 0)
        {
            Volatile.Write(ref _wanted, 0);
        }

        _others.Exit();
    }

    /// <summary>The time in which the lock is held.</summary>
    public readonly ref struct Scope
    {
        private readonly DeviceLock _lock;
        private readonly bool _isOwner;

        internal Scope(DeviceLock taken, bool isOwner)
        {
            _lock = taken;
            _isOwner = isOwner;
        }

        /// <summary>Gives the lock back.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose()
        {
            if (_isOwner)
            {
                Volatile.Write(ref _lock._ownerDepth, _lock._ownerDepth - 1);
            }
            else
            {
                _lock.ExitAsOther();
            }
        }
    }
}
