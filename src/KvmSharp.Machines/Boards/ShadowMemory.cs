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
    private readonly Side[] _hidden = new Side[I440FxHostBridge.ShadowRegionCount]; // the side that reads do not see; at first RAM, zero
    private readonly ShadowAccess[] _access = new ShadowAccess[I440FxHostBridge.ShadowRegionCount];

    /// <summary>Makes the slots: all regions on the PCI side, without a ROM.</summary>
    /// <param name="vm">The machine that gets the slots.</param>
    public ShadowMemory(VirtualMachine vm)
    {
        _vm = vm;
        for (int region = 0; region < _access.Length; region++)
        {
            SetSlot(region);
            Show(region, new Side { Fill = byte.MaxValue });
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
            int region = RegionOf(at);
            if (_access[region] == ShadowAccess.Write)
            {
                OwnHidden(region)[at - Offset(region)] = (byte)(value >> (8 * lane));
            }
        }
    }

    /// <summary>Gives a page of the side that reads do not see.</summary>
    /// <param name="page">Its number in the area.</param>
    /// <param name="bytes">Receives it.</param>
    public void ReadHidden(uint page, Span<byte> bytes)
    {
        int at = (int)page * bytes.Length;
        int region = RegionOf(at);
        Side side = _hidden[region];
        if (side.Bytes is { } hidden)
        {
            hidden.AsSpan(at - Offset(region), bytes.Length).CopyTo(bytes);
        }
        else
        {
            bytes.Fill(side.Fill);
        }
    }

    /// <summary>Sets a page of the side that reads do not see; the registers that say which side this is are loaded before.</summary>
    /// <param name="page">Its number in the area.</param>
    /// <param name="bytes">Its bytes.</param>
    public void WriteHidden(uint page, ReadOnlySpan<byte> bytes)
    {
        int at = (int)page * bytes.Length;
        int region = RegionOf(at);
        bytes.CopyTo(OwnHidden(region).AsSpan(at - Offset(region)));
    }

    /// <summary>Forgets the side that reads do not see: its bytes are loaded next.</summary>
    public void ClearHidden() => Array.Clear(_hidden);

    /// <summary>Takes over the bytes of another machine's side that reads do not see, which keeps them too.</summary>
    /// <param name="source">The other machine's.</param>
    public void ShareHiddenOf(ShadowMemory source)
    {
        foreach (ref Side side in source._hidden.AsSpan())
        {
            side.IsShared = true;
        }

        source._hidden.CopyTo(_hidden, 0);
    }

    // A region's bytes on the side that reads do not see, to be written to.
    private byte[] OwnHidden(int region)
    {
        ref Side side = ref _hidden[region];
        if (side.Bytes is null || side.IsShared)
        {
            byte[] own = new byte[Length(region)];
            side.CopyTo(own);
            side = new Side { Bytes = own };
        }

        return side.Bytes;
    }

    private static bool IsPlainRam(ShadowAccess access) => access == (ShadowAccess.Read | ShadowAccess.Write);

    private static ulong Start(int region) => PcLayout.ShadowMemory + ((ulong)region * PcLayout.ShadowRegionBytes);

    private static int Offset(int region) => region * (int)PcLayout.ShadowRegionBytes;

    private static int RegionOf(int offset) => Math.Min(offset / (int)PcLayout.ShadowRegionBytes, I440FxHostBridge.ShadowRegionCount - 1);

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
        int length = Length(region);
        byte[] seen = ArrayPool<byte>.Shared.Rent(length);
        Span<byte> bytes = seen.AsSpan(0, length);
        _vm.Memory.TryRead(Start(region), bytes);
        Side hidden = _hidden[region];
        _hidden[region] = bytes.ContainsAnyExcept(bytes[0]) ? new Side { Bytes = bytes.ToArray() } : new Side { Fill = bytes[0] };
        ArrayPool<byte>.Shared.Return(seen);
        Show(region, hidden);
    }

    // Makes a side the one that reads see.
    private void Show(int region, Side side)
    {
        Span<byte> page = stackalloc byte[(int)PcLayout.PageBytes];
        page.Fill(side.Fill);
        for (int at = 0; at < Length(region); at += page.Length)
        {
            _vm.Memory.TryWrite(Start(region) + (uint)at, side.Bytes is { } bytes ? bytes.AsSpan(at, page.Length) : page);
        }
    }

    // One side of a region: its bytes, perhaps shared with forks; or null where all are alike.
    private struct Side
    {
        public byte[]? Bytes;
        public byte Fill;
        public bool IsShared;

        public readonly void CopyTo(Span<byte> destination)
        {
            if (Bytes is null)
            {
                destination.Fill(Fill);
            }
            else
            {
                Bytes.CopyTo(destination);
            }
        }
    }
}
