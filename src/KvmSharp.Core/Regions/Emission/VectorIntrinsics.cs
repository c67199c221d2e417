using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Intrinsics;

namespace KvmSharp.Regions;

/// <summary>Methods of <see cref="Vector128"/> for translated code to call. Each is one instruction or none; what wraps them would only take the compiler time.</summary>
internal static class VectorIntrinsics
{
    private static readonly ConcurrentDictionary<(string Name, Type Element, int Parameters), MethodInfo> Found = new();
    private static readonly ConcurrentDictionary<(Type From, Type To), MethodInfo> Conversions = new();

    /// <summary>Gives the method that takes a vector for one of other elements.</summary>
    public static MethodInfo As(Type from, Type to) => Conversions.GetOrAdd((from, to), static types =>
        typeof(Vector128).GetMethods().Single(method => method.Name == nameof(Vector128.As) && method.GetGenericArguments().Length == 2).MakeGenericMethod(types.From, types.To));

    /// <summary>Gives a method for an element type.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="element">The type.</param>
    /// <param name="parameters">How many parameters it has.</param>
    public static MethodInfo Of(string name, Type element, int parameters) => Found.GetOrAdd((name, element, parameters), static key =>
        typeof(Vector128).GetMethods().Single(method => method.Name == key.Name && method.GetGenericArguments().Length == 1 && method.GetParameters().Length == key.Parameters)
            .MakeGenericMethod(key.Element));
}
