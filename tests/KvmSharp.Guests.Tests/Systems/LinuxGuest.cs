using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>An unmodified Debian kernel with busybox in its initial RAM disk, and a script as the first process.</summary>
internal sealed class LinuxGuest(string architecture)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5); // ends only what hangs

    /// <summary>Gets the shell commands that the first process runs, behind the mounts; it powers off in the end.</summary>
    public required string Script { get; init; }

    /// <summary>Gets the modules that are loaded first.</summary>
    public string[] Modules { get; init; } = [];

    /// <summary>Gets what is added to the kernel's command line.</summary>
    public string Append { get; init; } = string.Empty;

    /// <summary>Gets what the machine is built from, but for memory and what is booted.</summary>
    public PcOptions Machine { get; init; } = new();

    /// <summary>Boots, and runs until the machine stops.</summary>
    /// <returns>All that the console said, and why it stopped.</returns>
    public (string Console, MachineStop Stop) Run()
    {
        var serial = new SerialBuffer();
        using var machine = new PcMachine(Options(Memory) with { Serial = serial });
        using var patience = new CancellationTokenSource(Patience);
        MachineStop stop = machine.Run(new MachineRunOptions { Cancellation = patience.Token });
        return (Encoding.Latin1.GetString(serial.Output()), stop);
    }

    /// <summary>Makes what the machine is built from, without a serial host.</summary>
    /// <param name="memory">RAM in bytes.</param>
    /// <returns>The options.</returns>
    public PcOptions Options(ulong memory = Memory) => Machine with
    {
        Boot = new BootSource
        {
            Image = ImageFile.Read(SystemPackages.Kernel(architecture), memory),
            Initrd = new ImageFile("initrd", MakeInitrd()),
            Append = $"console=ttyS0 panic=-1 {Append}",
        },
        MemoryBytes = memory,
        NoReboot = true, // a kernel that panics restarts
    };

    private const ulong Memory = 256UL << 20;

    private byte[] MakeInitrd()
    {
        IReadOnlyList<string> modules = Modules.Length == 0 ? [] : KernelModules.InOrder(SystemPackages.Modules(architecture), Modules);
        var archive = new CpioArchive();
        foreach (string folder in new[] { "bin", "dev", "proc", "sys", "tmp", "mnt", "modules" })
        {
            archive.Folder(folder);
        }

        archive.Device("dev/console", 5, 1).Device("dev/null", 1, 3).File("bin/busybox", File.ReadAllBytes(SystemPackages.Busybox(architecture)));
        var init = new StringBuilder("#!/bin/busybox sh\n");
        init.Append("/bin/busybox --install -s /bin\nmount -t proc proc /proc\nmount -t sysfs sysfs /sys\nmount -t devtmpfs dev /dev\n");
        init.Append("exec </dev/ttyS0 >/dev/ttyS0 2>&1\n");
        foreach (string module in modules)
        {
            string name = $"modules/{Path.GetFileName(module)}";
            archive.File(name, File.ReadAllBytes(module));
            init.Append("insmod /").Append(name).Append('\n');
        }

        init.Append(Script.ReplaceLineEndings("\n")).Append("\npoweroff -f\n");
        return archive.File("init", Encoding.ASCII.GetBytes(init.ToString())).Compress();
    }
}
