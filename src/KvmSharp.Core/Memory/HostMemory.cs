using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KvmSharp.Memory;

/// <summary>Zeroed, page-aligned host memory that costs only what is touched.</summary>
/// <remarks>
/// On Unix it is an anonymous mapping: the C library's allocator would have to clear recycled pieces by hand. Elsewhere the runtime's
/// zeroed allocation serves. It is a safe handle, so that a forgotten machine gives its memory back with the collector.
/// </remarks>
internal sealed unsafe partial class HostMemory : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int ReadWrite = 0x1 | 0x2; // PROT_READ | PROT_WRITE
    private const int Private = 0x02;
    private const int AnonymousLinux = 0x20;
    private const int AnonymousMac = 0x1000;
    private const int NoReserveLinux = 0x4000;

    private const int AdviseHugePages = 14;
    private const ulong HugePagesFrom = 64 << 20; // in less a guest misses few of the host's translations, and many idle ones would waste memory

    private readonly nuint _size;
    private void* _allocation; // what the runtime's allocator gave, where there is no mmap

    /// <summary>Allocates.</summary>
    /// <param name="size">Bytes; at least 1.</param>
    /// <exception cref="InsufficientMemoryException">The host has no room.</exception>
    public HostMemory(ulong size)
        : base(ownsHandle: true)
    {
        _size = checked((nuint)((size + GuestPage.OffsetMask) & ~(ulong)GuestPage.OffsetMask));
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            if (SpareMemory.TryTake(_size, out nint spare))
            {
                SetHandle(spare);
                return;
            }

            int flags = Private | (OperatingSystem.IsLinux() ? AnonymousLinux | NoReserveLinux : AnonymousMac);
            nint address = Map(0, _size, ReadWrite, flags, -1, 0);
            if (address == -1)
            {
                throw new InsufficientMemoryException($"The host could not map {size} bytes for the guest.");
            }

            SetHandle(address);
            if (OperatingSystem.IsLinux() && size >= HugePagesFrom)
            {
                _ = Advise(address, _size, AdviseHugePages); // a host without them says no, and nothing is lost
            }
        }
        else
        {
            _allocation = NativeMemory.AllocZeroed(_size + GuestPage.Size);
            SetHandle((nint)(((nuint)_allocation + GuestPage.OffsetMask) & ~(nuint)GuestPage.OffsetMask));
        }
    }

    /// <summary>Gets the first byte.</summary>
    public byte* Pointer => (byte*)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        if (_allocation is null)
        {
            return SpareMemory.TryKeep(_size, handle) || Unmap(handle, _size) == 0;
        }

        NativeMemory.Free(_allocation);
        _allocation = null;
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}
