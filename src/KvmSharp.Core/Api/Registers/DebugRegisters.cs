namespace KvmSharp;

/// <summary>The debug registers. Mirrors <c>struct kvm_debugregs</c>.</summary>
/// <param name="Dr0">Linear address of breakpoint 0.</param>
/// <param name="Dr1">Linear address of breakpoint 1.</param>
/// <param name="Dr2">Linear address of breakpoint 2.</param>
/// <param name="Dr3">Linear address of breakpoint 3.</param>
/// <param name="Dr6">Status: what raised the last #DB.</param>
/// <param name="Dr7">Control: which breakpoints are armed, and for what.</param>
public readonly record struct DebugRegisters(ulong Dr0, ulong Dr1, ulong Dr2, ulong Dr3, ulong Dr6, ulong Dr7);
