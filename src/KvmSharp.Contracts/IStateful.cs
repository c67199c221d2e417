namespace KvmSharp;

/// <summary>A part that keeps all it remembers in one value, which can be saved, loaded and compared byte for byte.</summary>
/// <typeparam name="TState">The part's state: a record struct without references, so that a snapshot can hold it as it is.</typeparam>
public interface IStateful<TState>
    where TState : unmanaged
{
    /// <summary>Returns all that the part remembers.</summary>
    /// <returns>The state; loading it into another part of the same type makes the two indistinguishable.</returns>
    TState Save();

    /// <summary>Replaces all that the part remembers and drives its pins and deadlines accordingly.</summary>
    /// <param name="state">A state that <see cref="Save"/> returned.</param>
    void Load(in TState state);

    /// <summary>Gives the part its power-on state, as a pulse on its reset pin does.</summary>
    void Reset();
}
