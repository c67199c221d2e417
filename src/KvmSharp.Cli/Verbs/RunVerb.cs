using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp run</c>: boots an image or a kernel.</summary>
internal static class RunVerb
{
    public static Verb Create()
    {
        var kernel = new KernelOptions();
        var firmware = new FirmwareOptions();
        var disks = new DiskOptions();
        var placement = new PlacementOptions();
        var options = new MachineOptions();
        var snapshots = new SnapshotOptions();
        var verb = new Verb("run", "Boot an image or a kernel and connect its serial port to standard input and output.")
        {
            Examples =
            [
                ("kvmsharp run guests/hello/hello.img", "boots a boot sector; its serial port is the terminal, Ctrl-A x quits"),
                ("kvmsharp run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --memory 256M", "boots Linux; its console is the serial port"),
                ("kvmsharp run --kernel vmlinuz --initrd initrd.gz --append console=hvc0 --device virtio-console", "boots Linux on a virtio console"),
                ("kvmsharp run disk.img", "boots a disk through our own firmware; the file is never changed"),
                ("kvmsharp run --disk disk.qcow2 --cdrom cd.iso --boot dc --screen text", "boots the CD, with a disk of the guest's own and its screen in the terminal"),
                ("kvmsharp run --bios bios.bin --disk disk.img", "boots the disk through another firmware, such as SeaBIOS"),
                ("kvmsharp run kernel.elf --append \"console=ttyS0\" --module disk.img", "boots a multiboot kernel with a command line and a module"),
                ("kvmsharp run tests.elf --debug-exit on --timeout 30s --memory 128M", "runs a test kernel that reports its verdict through port F4h"),
                ("kvmsharp run disk.img --screen text", "draws the guest's screen in the terminal; Ctrl-A x quits"),
                ("kvmsharp run code.bin --load-address 0x100000 --mode 32 --trace instructions", "runs bare code and traces each instruction"),
                ("kvmsharp run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --snapshot-at-exit booted.snap", "boots Linux; Ctrl-A x quits and leaves a snapshot behind"),
                ("kvmsharp run --restore booted.snap", "goes on where that run ended, as often as you like"),
                ("kvmsharp run kernel.elf --gdb 1234 --wait", "waits at the first instruction for gdb's 'target remote :1234'"),
                ("kvmsharp run kernel.elf --deterministic --max-instructions 1000000 --stats", "runs a million instructions, the same each time, and counts exits"),
            ],
        };
        kernel.AddTo(verb);
        disks.AddTo(verb);
        firmware.AddTo(verb);
        placement.AddTo(verb);
        options.AddTo(verb);
        snapshots.AddTo(verb);
        BootChoice.Require(verb, kernel, firmware, disks, snapshots);
        verb.SetAction(parsed =>
        {
            RunSettings settings = snapshots.Complete(parsed, options.Read(parsed));
            ImageFormat? format = placement.Format(parsed);
            PositionalDisk? disk = kernel.ReadDisk(parsed, format);
            if (disk is not null && disk.Kind != BootDevice.Cdrom)
            {
                StandardStreams.Errors.WriteLine($"kvmsharp: {DiskOptions.NeverChangedNote(disk.Path)}");
            }

            var session = new GuestSession(settings, StandardStreams.Errors)
            {
                Complete = machine =>
                {
                    machine = disks.Read(parsed).Apply(firmware.Apply(parsed, machine));
                    return disk is null ? machine : disk.Apply(machine);
                },
            };
            return session.Run(() => kernel.Read(parsed, settings.MemoryBytes, format, placement.Placement(parsed)));
        });
        return verb;
    }
}
