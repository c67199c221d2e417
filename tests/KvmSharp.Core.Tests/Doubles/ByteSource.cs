namespace KvmSharp.Tests.Doubles;

/// <summary>Answers every read with the bytes 0, 1, 2 ..., however they are packed, and takes every write.</summary>
internal sealed class ByteSource : IExitHandler
{
    private byte _next;

    public bool TryHandle(in VmExit vmExit, Span<byte> data)
    {
        if (vmExit.Direction == ExitDirection.Write)
        {
            return true;
        }

        foreach (ref byte b in data)
        {
            b = _next++;
        }

        return true;
    }
}
