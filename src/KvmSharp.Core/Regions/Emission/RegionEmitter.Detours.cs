using System.Reflection.Emit;

namespace KvmSharp.Regions;

/// <summary>What lies out of the hot path: rarer cases of translated instructions.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private readonly List<Detour> _detours = [];
    private readonly List<Action> _asides = [];

    /// <summary>
    /// Gives the way to go when the instruction at hand must be done by the interpreter, nothing of it being done yet. In regions that expect this
    /// it is a detour, which calls the handler and comes back; else control leaves, and the compiler need not keep values over a call.
    /// </summary>
    /// <returns>Where to go, and what is to be marked behind the instruction. The IL stack is empty at both.</returns>
    public (Label Begin, Label Back) AddSlowWay()
    {
        return _plan.RoundsOnHost ? (ExitHere(SideExitReason.Instruction), Il.DefineLabel()) : AddDetour();
    }

    /// <summary>Adds a detour for the instruction at hand, nothing of which may be done yet.</summary>
    /// <returns>Where it begins and where it comes back, as above.</returns>
    public (Label Begin, Label Back) AddDetour()
    {
        var detour = new Detour(_block, _index, Flags, Il.DefineLabel(), Il.DefineLabel());
        _detours.Add(detour);
        return (detour.Begin, detour.Back);
    }

    /// <summary>Adds IL behind the region's blocks. It may use the locals of an instruction's values, but calls nothing of this emitter that depends on the place.</summary>
    /// <param name="emit">Emits it; every way out of it is a branch.</param>
    public void AddAside(Action emit) => _asides.Add(emit);

    private void EmitDetours()
    {
        foreach (Action aside in _asides)
        {
            aside();
        }

        foreach (Detour detour in _detours)
        {
            _block = detour.Block;
            _index = detour.Index;
            Flags = detour.Flags;
            Il.MarkLabel(detour.Begin);
            EmitHandlerCall();
            Il.Emit(OpCodes.Br, detour.Back);
        }
    }

    private readonly record struct Detour(RegionBlock Block, int Index, FlagKind Flags, Label Begin, Label Back);
}
