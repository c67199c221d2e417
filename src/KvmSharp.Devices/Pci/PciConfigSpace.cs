using System.Runtime.CompilerServices;

namespace KvmSharp.Devices;

/// <summary>The 256 bytes of a function's configuration space: all that its standard header remembers.</summary>
[InlineArray(Length)]
public struct PciConfigSpace
{
    /// <summary>Bytes in a configuration space.</summary>
    public const int Length = 256;

    private byte _first;
}
