using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace KvmSharp.Machines;

/// <summary>A file or block device, locked while it is open: many may read it, or one may write it.</summary>
internal sealed class HostFile : IHostFile
{
    private readonly SafeFileHandle _handle;
    private readonly long? _deviceLength; // a block device: the file system says 0

    private HostFile(string path, SafeFileHandle handle, bool writable, long? deviceLength)
    {
        Name = path;
        _handle = handle;
        IsReadOnly = !writable;
        _deviceLength = deviceLength;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public long Length => _deviceLength ?? RandomAccess.GetLength(_handle);

    /// <summary>Opens a disk image that exists.</summary>
    /// <param name="path">A regular file or a block device, or a link to one.</param>
    /// <param name="writable">Whether it will be written: nobody else may have it open then.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="ImageException">It cannot be opened so.</exception>
    public static HostFile Open(string path, bool writable)
    {
        long? deviceLength = CheckWithoutOpening(path);
        try
        {
            // On Unix the share mode becomes flock(2): exclusive for a writer, shared for readers.
            SafeFileHandle handle = File.OpenHandle(
                path, FileMode.Open, writable ? FileAccess.ReadWrite : FileAccess.Read, writable ? FileShare.None : FileShare.Read);
            return new HostFile(path, handle, writable, deviceLength);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ImageException(
                writable
                    ? $"{path} may not be written: check its permissions, or add ,readonly or ,overlay=discard."
                    : $"{path} may not be read: check its permissions.",
                e);
        }
        catch (IOException e) when (HostErrors.IsInUse(e))
        {
            throw new ImageException($"{path} is in use by another machine or program: end that one first, or let both open it with ,readonly or ,overlay=discard.", e);
        }
        catch (IOException e)
        {
            throw new ImageException($"{path} could not be opened: {e.Message}", e);
        }
    }

    /// <summary>Creates a file without a name, or one that vanishes when it is closed: a kill must not leave it behind.</summary>
    /// <param name="purpose">What stands for the name in messages.</param>
    /// <returns>The open, empty file.</returns>
    public static HostFile CreateTemporary(string purpose)
    {
        string path = Path.GetTempFileName();
        SafeFileHandle handle = File.OpenHandle(
            path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path); // the open handle keeps the bytes
        }

        return new HostFile(purpose, handle, writable: true, deviceLength: null);
    }

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int read = RandomAccess.Read(_handle, destination[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        try
        {
            RandomAccess.Write(_handle, source, offset);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new IOException("The file system takes no file as large as this.", e); // how .NET reports EFBIG
        }
    }

    /// <inheritdoc/>
    public void Flush() => RandomAccess.FlushToDisk(_handle);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    // Before opening, because opening a pipe would wait for its other end. Gives the length of a block device.
    private static long? CheckWithoutOpening(string path)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw new ImageException($"{path} is a directory: give the path of a disk image.");
            }

            var info = new FileInfo(path);
            if (info.Exists && info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            {
                info = target;
            }

            if (!info.Exists)
            {
                throw new ImageException($"{path} does not exist: give the path of a disk image.");
            }

            if (info.Length > 0)
            {
                return null;
            }

            return BlockDeviceLength(info.Name) ?? throw new ImageException($"{path} is empty, or neither a file nor a block device: a disk needs a sector of 512 bytes at least.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ImageException($"{path} could not be opened: {e.Message}", e);
        }
    }

    // Linux, sysfs ABI "/sys/block/<disk>/size": in units of 512 bytes, whatever the device's own sectors are.
    private static long? BlockDeviceLength(string device)
    {
        string size = Path.Combine("/sys/class/block", device, "size");
        return File.Exists(size) && long.TryParse(File.ReadAllText(size), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long sectors) && sectors > 0
            ? sectors * 512
            : null;
    }
}
