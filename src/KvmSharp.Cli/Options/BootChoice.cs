using System.CommandLine;

namespace KvmSharp.Cli;

/// <summary>The rule of verbs that boot something: there is something to boot, and only one of image, kernel and firmware decides.</summary>
internal static class BootChoice
{
    /// <summary>Makes a verb check the rule.</summary>
    public static void Require(Command verb, KernelOptions kernel, FirmwareOptions firmware, DiskOptions disks, SnapshotOptions? snapshots = null) => verb.Validators.Add(result =>
    {
        bool firmwareIsGiven = firmware.IsGiven(result);
        bool bootIsGiven = kernel.IsGiven(result);
        if (!firmwareIsGiven && !bootIsGiven && !disks.IsGiven(result) && snapshots?.IsRestoring(result) != true)
        {
            result.AddError("There is nothing to boot: name an IMAGE, a kernel with --kernel, a disk with --disk, --cdrom or --floppy, or firmware with --bios.");
        }
        else if (firmwareIsGiven && bootIsGiven)
        {
            result.AddError("--bios starts the firmware, which boots by itself: leave IMAGE and --kernel out, and give disks with --disk, --cdrom or --floppy.");
        }
    });
}
