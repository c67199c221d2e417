using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The board's IDE controller, floppy controller and DMA, with the drives on their cables.</summary>
/// <remarks>
/// As in QEMU's PC the CD-ROM drive is the first one of the second channel; hard disks take the other places in order. There is a floppy
/// controller whether it has drives or not.
/// </remarks>
internal sealed class PcStorage
{
    private const int CdromPlace = 2;
    private const int Places = 4;

    private readonly IsaDma _dma;
    private readonly FloppyController _floppy;

    /// <param name="board">What the board gives to its chips.</param>
    /// <param name="isa">The interrupt lines.</param>
    /// <param name="slots">The PCI bus.</param>
    /// <exception cref="ImageException">There are more IDE disks than places.</exception>
    public PcStorage(PcWiring board, IsaLines isa, PciSlots slots)
    {
        PortBus ports = board.Ports;
        Ide = new PiixIde(board.Memory, isa.Connect(PcLayout.PrimaryIdeIrq), isa.Connect(PcLayout.SecondaryIdeIrq));
        Attach(board.Disks);
        MapChannel(ports, Ide.Primary, PcLayout.PrimaryIde, PcLayout.PrimaryIdeControl);
        MapChannel(ports, Ide.Secondary, PcLayout.SecondaryIde, PcLayout.SecondaryIdeControl);
        slots.Add(PcLayout.IsaBridgeSlot, PcLayout.IdeFunction, Ide);

        _dma = new IsaDma(board.Memory);
        ports.Map(PcLayout.FirstDma, 16, _dma.First);
        ports.Map(PcLayout.SecondDma, 32, _dma.Second);
        ports.Map(PcLayout.DmaPages, DmaPages.Length - 1, _dma.Pages, firstOffset: 1);

        _floppy = new FloppyController(isa.Connect(PcLayout.FloppyIrq), _dma.Channel(PcLayout.FloppyDmaChannel));
        if (board.Disks.Floppy is { } floppy)
        {
            _floppy.Attach(0, new FloppyDrive(floppy));
        }

        ports.Map(PcLayout.Floppy, 6, _floppy);
        ports.Map(PcLayout.Floppy + 7, 1, _floppy, firstOffset: 7);
    }

    /// <summary>Gets the IDE controller.</summary>
    public PiixIde Ide { get; }

    /// <summary>Gets the kind of drive A.</summary>
    public BiosFloppyType FloppyType => _floppy.Drive(0)?.Format.DriveType ?? BiosFloppyType.None;

    /// <summary>Gets the chips as parts of a snapshot. The floppy controller comes before the DMA, which a request line must not wake.</summary>
    public IEnumerable<MachinePart> Parts => [MachinePart.Of("ide", Ide), MachinePart.Of("floppy", _floppy), MachinePart.Of("dma", _dma)];

    /// <summary>Gives every chip its power-on state. Call with the device lock held.</summary>
    public void Reset()
    {
        Ide.Reset();
        _floppy.Reset();
        _dma.Reset();
    }

    private static void MapChannel(PortBus ports, IdeChannel channel, ushort commandBlock, ushort controlBlock)
    {
        const int CommandPorts = 8;
        ports.Map(commandBlock, CommandPorts, channel, maximumWidth: 4);
        ports.Map(controlBlock, 1, channel, firstOffset: CommandPorts);
    }

    private void Attach(MachineDisks disks)
    {
        bool hasCdrom = disks.Cdrom is not null;
        int places = hasCdrom ? Places - 1 : Places;
        if (disks.Ide.Count > places)
        {
            string beside = hasCdrom ? " beside the CD-ROM drive" : string.Empty;
            throw new ImageException($"IDE has places for {places} disks{beside}, not for {disks.Ide.Count}: give the others bus=virtio.");
        }

        if (hasCdrom)
        {
            Attach(CdromPlace, new AtapiDrive(disks.Cdrom));
        }

        for (int disk = 0; disk < disks.Ide.Count; disk++)
        {
            int place = disk + (hasCdrom && disk >= CdromPlace ? 1 : 0);
            Attach(place, new AtaDrive(disks.Ide[disk], serial: $"KS{disk + 1:D8}"));
        }
    }

    private void Attach(int place, IdeDrive drive) => (place < CdromPlace ? Ide.Primary : Ide.Secondary).Attach(place % CdromPlace, drive);
}
