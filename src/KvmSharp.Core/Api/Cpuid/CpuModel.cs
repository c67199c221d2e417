using KvmSharp.Cpuid;

namespace KvmSharp;

/// <summary>A processor model by name: what CPUID answers, and so which instructions, control bits and registers there are.</summary>
/// <remarks>Of what the real model has, a table offers what this core does.</remarks>
public sealed class CpuModel
{
    private CpuModel(string name, string description, ModelTemplate template)
    {
        Name = name;
        Description = description;
        Cpuid = template.CreateTable();
    }

    /// <summary>Gets an Intel486 DX2: CPUID and an x87 unit; no CMOV, CMPXCHG8B, RDTSC or RDMSR, and CR4 without a bit.</summary>
    public static CpuModel Intel486 { get; } = new("486", "Intel486 DX2 (family 4)", ModelTemplate.Intel486);

    /// <summary>Gets a Pentium III: up to MMX and SSE, 32 bits.</summary>
    public static CpuModel PentiumIII { get; } = new("pentium3", "Pentium III (family 6, model 8)", ModelTemplate.PentiumIII);

    /// <summary>Gets a Core 2 Duo: up to SSSE3, 64 bits.</summary>
    public static CpuModel Core2 { get; } = new("core2", "Core 2 Duo (family 6, model 15)", ModelTemplate.Core2);

    /// <summary>Gets everything that this core does; the default of a new vCPU.</summary>
    public static CpuModel Max { get; } = new("max", "everything that KvmSharp does", ModelTemplate.Max);

    /// <summary>Gets all models, the oldest first.</summary>
    public static IReadOnlyList<CpuModel> All { get; } = [Intel486, PentiumIII, Core2, Max];

    /// <summary>Gets the name that <c>--cpu</c> takes.</summary>
    public string Name { get; }

    /// <summary>Gets what the model is, in a few words.</summary>
    public string Description { get; }

    /// <summary>Gets what CPUID answers: for <see cref="VirtualCpu.Cpuid"/>.</summary>
    public CpuidTable Cpuid { get; }

    /// <summary>Gets a value indicating whether the processor has a local APIC, and so can be one of several.</summary>
    public bool HasLocalApic => FeatureSet.Of(Cpuid).Has(CpuFeature.Apic);

    /// <summary>Finds a model.</summary>
    /// <param name="name">Its name; case does not count.</param>
    /// <returns>The model, or <see langword="null"/> when there is none of that name.</returns>
    public static CpuModel? Find(string name) => All.FirstOrDefault(model => model.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public override string ToString() => Name;
}
