using KvmSharp.Cpu;

namespace KvmSharp.Instructions.Strings;

/// <summary>Neighbouring elements of a string in host memory, within one page.</summary>
/// <typeparam name="T">The width.</typeparam>
/// <param name="first">The first element, or null when there are none.</param>
/// <param name="watched">The guest-physical address when stores must be told to the MMU, else null.</param>
internal readonly unsafe struct ElementRun<T>(T* first, ulong? watched = null)
    where T : unmanaged
{
    /// <summary>Gets the first element; null when there are none.</summary>
    public T* First => first;

    /// <summary>Tells the MMU that elements have been stored: code that was decoded from them is dropped.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="count">How many.</param>
    public void Stored(CpuContext* cpu, ulong count)
    {
        if (watched is { } physical)
        {
            cpu->Engine.Mmu.Physical.WrittenAtomically(physical, (int)count * sizeof(T));
        }
    }
}
