namespace KvmSharp.Engine;

/// <summary>Why a chain of micro-ops went back to the run loop.</summary>
internal enum StopReason
{
    /// <summary>The next block is to be looked up at RIP; a link to it may be made.</summary>
    Lookup = 0,

    /// <summary>The instruction at <c>CurrentOp</c> raised <c>Fault</c>; nothing of it was committed.</summary>
    Fault,

    /// <summary>A fault behind a task switch, or a trap: RIP is the return address as it is.</summary>
    Trap,

    /// <summary>The instruction at <c>CurrentOp</c> needs the embedder; it runs again when the access is answered.</summary>
    Exit,

    /// <summary>The instruction at <c>CurrentOp</c> has not begun: the processor waits before it, as a halted one does.</summary>
    Wait,

    /// <summary>The head of a block refused: a request is pending or the budget does not cover the block.</summary>
    Head,

    /// <summary>RIP and the budget are right as they are, in the middle of a block: look up from there.</summary>
    Resynchronize,
}
