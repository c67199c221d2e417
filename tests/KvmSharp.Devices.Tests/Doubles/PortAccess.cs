namespace KvmSharp.Devices.Tests;

/// <summary>Byte accesses, which is what nearly all tests make.</summary>
internal static class PortAccess
{
    public static byte In(this IPortDevice device, int offset) => (byte)device.ReadPort((ushort)offset, 1);

    public static void Out(this IPortDevice device, int offset, int value) => device.WritePort((ushort)offset, 1, (byte)value);

    public static void OutAll(this IPortDevice device, int offset, params byte[] values)
    {
        foreach (byte value in values)
        {
            device.Out(offset, value);
        }
    }
}
