using System.Reflection.Emit;

namespace KvmSharp.Regions;

/// <summary>Locals for the values of one instruction. They hold nothing from one instruction to the next.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private readonly Dictionary<(int Slot, bool Wide), LocalBuilder> _values = [];

    /// <summary>Gets the local of the first operand.</summary>
    /// <param name="width">Bytes; 8 makes it a long, else it is an int.</param>
    public LocalBuilder ValueA(int width) => Value(0, width);

    /// <summary>Gets the local of the second operand.</summary>
    /// <param name="width">Bytes.</param>
    public LocalBuilder ValueB(int width) => Value(1, width);

    /// <summary>Gets the local of the result.</summary>
    /// <param name="width">Bytes.</param>
    public LocalBuilder Result(int width) => Value(2, width);

    private LocalBuilder Value(int slot, int width)
    {
        (int, bool) key = (slot, IsWide(width));
        if (!_values.TryGetValue(key, out LocalBuilder? local))
        {
            local = Il.DeclareLocal(IsWide(width) ? typeof(long) : typeof(int));
            _values.Add(key, local);
        }

        return local;
    }
}
