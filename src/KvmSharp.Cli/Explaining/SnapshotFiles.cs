using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Opens the machine in a snapshot, to look at it.</summary>
internal static class SnapshotFiles
{
    /// <summary>Restores a machine that nobody will run.</summary>
    /// <exception cref="ImageException">The file is no snapshot, or a damaged one.</exception>
    public static PcMachine Open(string path)
    {
        try
        {
            return PcMachine.Restore(path, new MachineHost { Engine = EngineKind.Interpreter, AcceptsChangedDisks = true, Entropy = static bytes => bytes.Clear() });
        }
        catch (SnapshotException e)
        {
            throw new ImageException($"{path}: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new ImageException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Gives one of its vCPUs.</summary>
    /// <exception cref="HostException">There is no such vCPU.</exception>
    public static VirtualCpu Vcpu(PcMachine machine, ulong number) => number < (ulong)machine.Vcpus.Count
        ? machine.Vcpus[(int)number]
        : throw new HostException($"The machine has {machine.Vcpus.Count} processors, numbered from 0: there is no {number}.");
}
