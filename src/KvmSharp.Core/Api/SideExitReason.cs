namespace KvmSharp;

/// <summary>Why control left translated code.</summary>
public enum SideExitReason
{
    /// <summary>A branch to code outside of the region.</summary>
    Branch,

    /// <summary>An access that the inline TLB did not serve: a miss, a device, a fault, a watched page.</summary>
    Memory,

    /// <summary>An instruction that is left to the interpreter.</summary>
    Instruction,

    /// <summary>A request of another thread, or the end of the budget.</summary>
    Request,
}
