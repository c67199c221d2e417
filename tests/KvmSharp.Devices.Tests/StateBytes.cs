using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices.Tests;

/// <summary>States as the bytes that a snapshot would hold.</summary>
internal static class StateBytes
{
    public static byte[] Of<TState>(TState state)
        where TState : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<TState>(in state)).ToArray();

    /// <summary>How many bytes of a type its fields fill; fewer than its size means padding, which holds chance values.</summary>
    public static int Filled(Type type)
    {
        if (type.GetCustomAttribute<InlineArrayAttribute>() is { } array)
        {
            return array.Length * Filled(Fields(type).Single().FieldType);
        }

        if (type.IsEnum)
        {
            return Filled(type.GetEnumUnderlyingType());
        }

        return type == typeof(bool) ? 1
            : type == typeof(UInt128) ? 16
            : type.IsPrimitive ? Marshal.SizeOf(type)
            : Fields(type).Sum(field => Filled(field.FieldType));
    }

    private static FieldInfo[] Fields(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
}
