namespace KvmSharp.Machines;

/// <summary>The instructions that a run may still retire, shared by the threads of all processors.</summary>
/// <param name="left">How many; <see cref="ulong.MaxValue"/> for any number.</param>
internal sealed class InstructionBudget(ulong left)
{
    private readonly Lock _gate = new();
    private readonly bool _isUnlimited = left == ulong.MaxValue;
    private ulong _left = left;

    /// <summary>Takes a part.</summary>
    /// <param name="most">The most to take.</param>
    /// <returns>What may be retired; 0 when nothing is left.</returns>
    public ulong Take(ulong most)
    {
        if (_isUnlimited)
        {
            return ulong.MaxValue;
        }

        lock (_gate)
        {
            ulong part = Math.Min(most, _left);
            _left -= part;
            return part;
        }
    }

    /// <summary>Gives back what was not used.</summary>
    /// <param name="part">What <see cref="Take"/> gave.</param>
    /// <param name="used">How much of it was used.</param>
    public void GiveBack(ulong part, ulong used)
    {
        if (!_isUnlimited)
        {
            lock (_gate)
            {
                _left += part - Math.Min(part, used);
            }
        }
    }
}
