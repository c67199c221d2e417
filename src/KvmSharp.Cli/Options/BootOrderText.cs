using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Reads the value of --boot: QEMU's letters, or words.</summary>
internal static class BootOrderText
{
    public static bool TryParse(string text, out IReadOnlyList<BootDevice>? order)
    {
        IEnumerable<string> names = text.Contains(',', StringComparison.Ordinal) || text is "floppy" or "disk" or "cdrom"
            ? text.Split(',')
            : text.Select(c => c.ToString());
        var devices = new List<BootDevice>();
        foreach (string name in names)
        {
            BootDevice? device = name switch
            {
                "a" or "floppy" => BootDevice.Floppy,
                "c" or "disk" => BootDevice.Disk,
                "d" or "cdrom" => BootDevice.Cdrom,
                _ => null,
            };
            if (device is not { } known || devices.Contains(known))
            {
                order = null;
                return false;
            }

            devices.Add(known);
        }

        order = devices;
        return devices.Count > 0;
    }
}
