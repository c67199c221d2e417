namespace KvmSharp.Machines.Tests;

/// <summary>Machines whose guest is a few bytes of real-mode code at 7C00h.</summary>
internal static class TracedMachine
{
    public static PcMachine Boot(byte[] code, Func<PcOptions, PcOptions>? change = null)
    {
        var options = new PcOptions { Boot = new BootSource { Image = new ImageFile("test", code), Format = ImageFormat.Flat }, MemoryBytes = 2 << 20, Deterministic = true };
        return new PcMachine(change?.Invoke(options) ?? options);
    }

    public static MachineStop Run(PcMachine machine) => machine.Run(new MachineRunOptions { MaxInstructions = 1_000_000 });
}
