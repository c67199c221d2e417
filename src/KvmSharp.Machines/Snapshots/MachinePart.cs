using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Machines;

/// <summary>A part of a machine as a snapshot and a fork see it: a name, and a state that is written and read.</summary>
/// <param name="name">The name of its section.</param>
internal abstract class MachinePart(string name)
{
    /// <summary>Gets the name of its section, unique in the machine.</summary>
    public string Name => name;

    /// <summary>Makes a part of what saves its state as one value.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="name">The name of its section.</param>
    /// <param name="part">The part.</param>
    /// <returns>The part.</returns>
    public static MachinePart Of<TState>(string name, IStateful<TState> part)
        where TState : unmanaged => new Value<TState>(name, part);

    /// <summary>Makes a part that writes and reads its state field by field.</summary>
    /// <param name="name">The name of its section.</param>
    /// <param name="save">Writes it.</param>
    /// <param name="load">Reads it.</param>
    /// <returns>The part.</returns>
    public static MachinePart Of(string name, Action<BinaryWriter> save, Action<BinaryReader> load) => new Fields(name, save, load);

    /// <summary>Writes the state.</summary>
    /// <param name="fields">Where to.</param>
    public abstract void Save(BinaryWriter fields);

    /// <summary>Reads the state and gives it to the part.</summary>
    /// <param name="fields">Where from.</param>
    public abstract void Load(BinaryReader fields);

    private sealed class Value<TState>(string name, IStateful<TState> part) : MachinePart(name)
        where TState : unmanaged
    {
        public override void Save(BinaryWriter fields)
        {
            TState state = part.Save();
            fields.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<TState>(in state)));
        }

        public override void Load(BinaryReader fields)
        {
            if (fields.BaseStream.Length != Unsafe.SizeOf<TState>())
            {
                throw new InvalidDataException($"The state of \"{Name}\" has another length than it should have.");
            }

            TState state = default;
            fields.BaseStream.ReadExactly(MemoryMarshal.AsBytes(new Span<TState>(ref state)));
            part.Load(state);
        }
    }

    private sealed class Fields(string name, Action<BinaryWriter> save, Action<BinaryReader> load) : MachinePart(name)
    {
        public override void Save(BinaryWriter fields) => save(fields);

        public override void Load(BinaryReader fields) => load(fields);
    }
}
