using System.Buffers;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The 256 KiB below 1 MiB, which are ROM or RAM as the host bridge's PAM registers say, region by region.</summary>
/// <remarks>
/// Each region is one memory slot that holds what reads see; the other side's bytes are kept here and change places with it when the
/// registers change. The slot is plain RAM when reads and writes both go to RAM. Else it is write-protected and writes come here: they
/// are lost, or go to the RAM that reads do not see. On the PCI side lies the firmware's ROM, and ones where there is none.
/// Register source: Intel 82441FX (PMC) data sheet, "PAM: Programmable Attribute Map Registers".
/// </remarks>
internal sealed class ShadowMemory : IMmioDevice
{
    private readonly VirtualMachine _vm;
    private byte[]? _hidden; // the side that reads do not see; at first RAM, zero, and shared with forks until it is written
    private bool _isShared;
    private readonly ShadowAccess[] _access = new ShadowAccess[I440FxHostBridge.ShadowRegionCount];

    /// <summary>Makes the slots: all regions on the PCI side, without a ROM.</summary>
    /// <param name="vm">The machine that gets the slots.</param>
    public ShadowMemory(VirtualMachine vm)
    {
        _vm = vm;
        for (int region = 0; region < _access.Length; region++)
        {
            SetSlot(region);
            _vm.Memory.TryWrite(Start(region), Enumerable.Repeat(byte.MaxValue, Length(region)).ToArray());
        }
    }

    /// <summary>Puts a ROM on the PCI side, its last byte at the last of the area. Before the guest runs.</summary>
    /// <param name="rom">The bytes; at most as many as the area has.</param>
    public void SetRom(ReadOnlySpan<byte> rom) => _vm.Memory.TryWrite(PcLayout.ExtendedMemory - (ulong)rom.Length, rom);

    /// <summary>Turns a region's accesses to RAM or to ROM. Called by the host bridge, with the device lock held.</summary>
    /// <param name="region">The region's number in address order.</param>
    /// <param name="access">Which accesses reach RAM.</param>
    public void Set(int region, ShadowAccess access)
    {
        ShadowAccess old = _access[region];
        _access[region] = access;
        if (((old ^ access) & ShadowAccess.Read) != 0)
        {
            Swap(region);
        }

        if (IsPlainRam(old) != IsPlainRam(access))
        {
            SetSlot(region);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Never called: reads find the slots.</remarks>
    public ulong ReadMmio(ulong offset, int width) => ulong.MaxValue;

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
        for (int lane = 0; lane < width; lane++)
        {
            int at = (int)offset + lane;
            int region = Math.Min(at / (int)PcLayout.ShadowRegionBytes, _access.Length - 1);
            if (_access[region] == ShadowAccess.Write)
            {
                Hidden[at] = (byte)(value >> (8 * lane));
            }
        }
    }

    /// <summary>Gives a page of the side that reads do not see.</summary>
    /// <param name="page">Its number in the area.</param>
    /// <param name="bytes">Receives it.</param>
    public void ReadHidden(uint page, Span<byte> bytes)
    {
        bytes.Clear();
        _hidden?.AsSpan((int)page * bytes.Length, bytes.Length).CopyTo(bytes);
    }

    /// <summary>Sets a page of the side that reads do not see; the registers that say which side this is are loaded before.</summary>
    /// <param name="page">Its number in the area.</param>
    /// <param name="bytes">Its bytes.</param>
    public void WriteHidden(uint page, ReadOnlySpan<byte> bytes) => bytes.CopyTo(Hidden.AsSpan((int)page * bytes.Length));

    /// <summary>Forgets the side that reads do not see: its bytes are loaded next.</summary>
    public void ClearHidden() => (_hidden, _isShared) = (null, false);

    /// <summary>Takes over the bytes of another machine's side that reads do not see, which keeps them too.</summary>
    /// <param name="source">The other machine's.</param>
    public void ShareHiddenOf(ShadowMemory source)
    {
        _hidden = source._hidden;
        _isShared = source._isShared = true;
    }

    // Own bytes, to be written to.
    private byte[] Hidden
    {
        get
        {
            if (_hidden is null || _isShared)
            {
                _hidden = _hidden?.AsSpan().ToArray() ?? new byte[(int)PcLayout.ShadowMemoryBytes];
                _isShared = false;
            }

            return _hidden;
        }
    }

    private static bool IsPlainRam(ShadowAccess access) => access == (ShadowAccess.Read | ShadowAccess.Write);

    private static ulong Start(int region) => PcLayout.ShadowMemory + ((ulong)region * PcLayout.ShadowRegionBytes);

    // The last region reaches to 1 MiB.
    private static int Length(int region) =>
        (int)((region == I440FxHostBridge.ShadowRegionCount - 1 ? PcLayout.ExtendedMemory : Start(region + 1)) - Start(region));

    private void SetSlot(int region) => _vm.SetUserMemoryRegion(new MemorySlot(
        PcLayout.FirstShadowSlot + region,
        Start(region),
        (ulong)Length(region),
        IsPlainRam(_access[region]) ? MemorySlotOptions.None : MemorySlotOptions.ReadOnly));

    private void Swap(int region)
    {
        Span<byte> hidden = Hidden.AsSpan((int)(Start(region) - PcLayout.ShadowMemory), Length(region));
        byte[] seen = ArrayPool<byte>.Shared.Rent(hidden.Length);
        _vm.Memory.TryRead(Start(region), seen.AsSpan(0, hidden.Length));
        _vm.Memory.TryWrite(Start(region), hidden);
        seen.AsSpan(0, hidden.Length).CopyTo(hidden);
        ArrayPool<byte>.Shared.Return(seen);
    }
}
