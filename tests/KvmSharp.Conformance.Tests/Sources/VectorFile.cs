namespace KvmSharp.Conformance.Sources;

/// <summary>Which CPU and format a vector file comes from.</summary>
internal enum VectorSet
{
    /// <summary>User-mode records of a current CPU, 16-, 32- and 64-bit.</summary>
    Silicon,

    /// <summary>Real-mode records of an 80286.</summary>
    RealMode,
}

/// <summary>One file of records.</summary>
/// <param name="Set">Its set.</param>
/// <param name="Group">The name that the report gives it: <c>m32/alu</c>, <c>realmode-80286/0x</c>.</param>
/// <param name="Path">Where it lies.</param>
internal sealed record VectorFile(VectorSet Set, string Group, string Path);
