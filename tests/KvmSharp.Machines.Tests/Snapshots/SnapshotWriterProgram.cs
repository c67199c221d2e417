namespace KvmSharp.Machines.Tests;

/// <summary>What the kill test kills: saves a machine over and over to one file, and says so after each time.</summary>
internal static class SnapshotWriterProgram
{
    public const string Verb = "save-snapshots";

    public const ulong InstructionsPerSave = 10_000;

    public static void Run(string path)
    {
        using var machine = new PcMachine(CountingGuest.Options());
        while (true)
        {
            CountingGuest.Run(machine, InstructionsPerSave);
            machine.Save(path);
            Console.Out.WriteLine("saved");
        }
    }
}
