using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace KvmSharp.Regions;

/// <summary>Compiled code: it is collected when nothing holds this object any more.</summary>
internal sealed class RegionCode
{
    private readonly DynamicMethod _method;

    /// <summary>Compiles a method.</summary>
    /// <param name="method">Its IL is complete.</param>
    public RegionCode(DynamicMethod method)
    {
        _method = method;
        RuntimeMethodHandle handle = HandleOf(method);
        RuntimeHelpers.PrepareMethod(handle); // else the first call compiles, on the vCPU's thread
        EntryPoint = handle.GetFunctionPointer();
        Bytes = method.GetILGenerator().ILOffset * BytesForEachOfIL;
    }

    /// <summary>Gets the address of the code.</summary>
    public nint EntryPoint { get; }

    /// <summary>Gets about how much memory it takes.</summary>
    public long Bytes { get; }

    /// <summary>Gets the method's name.</summary>
    public override string ToString() => _method.Name;

    private const int BytesForEachOfIL = 4; // native code and RyuJIT's records, measured

    // A delegate's call would cost as much again as the way into the region. The runtime has no public name for this.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "GetMethodDescriptor")]
    private static extern RuntimeMethodHandle HandleOf(DynamicMethod method);
}
