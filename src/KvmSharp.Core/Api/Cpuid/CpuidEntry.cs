namespace KvmSharp;

/// <summary>One answer of CPUID. Mirrors <c>struct kvm_cpuid_entry2</c>.</summary>
/// <param name="Leaf">EAX on input.</param>
/// <param name="Subleaf">ECX on input; 0 for a leaf that does not look at it.</param>
/// <param name="Eax">EAX on output.</param>
/// <param name="Ebx">EBX on output.</param>
/// <param name="Ecx">ECX on output.</param>
/// <param name="Edx">EDX on output.</param>
public readonly record struct CpuidEntry(uint Leaf, uint Subleaf, uint Eax, uint Ebx, uint Ecx, uint Edx);
