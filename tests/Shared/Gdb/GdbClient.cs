using System.Text;

namespace KvmSharp.Tests.Gdb;

/// <summary>A debugger of few words: sends packets and reads what comes back.</summary>
internal sealed class GdbClient(MemoryLine line) : IDisposable
{
    private const int PatienceMilliseconds = 30_000;

    /// <summary>Sends bytes as they are; into the void when the stub has closed the line.</summary>
    public void SendRaw(string bytes)
    {
        try
        {
            foreach (byte value in Encoding.Latin1.GetBytes(bytes))
            {
                line.ToStub.Add(value);
            }
        }
        catch (InvalidOperationException)
        {
            // The next packet that is waited for tells.
        }
    }

    /// <summary>Sends a packet, without a wait for anything.</summary>
    public void Send(string data) => SendRaw(Frame(data));

    /// <summary>Sends a packet and reads the packet that answers it.</summary>
    public string Ask(string data)
    {
        Send(data);
        return Receive();
    }

    /// <summary>Asks for a monitor command and puts its text together.</summary>
    public string Monitor(string command) =>
        Encoding.UTF8.GetString(Convert.FromHexString(Ask("qRcmd," + Convert.ToHexString(Encoding.UTF8.GetBytes(command)))));

    /// <summary>Reads the next packet, and acknowledges it.</summary>
    public string Receive()
    {
        while (ReceiveByte() != '$')
        {
        }

        var data = new StringBuilder();
        for (char c = ReceiveByte(); c != '#'; c = ReceiveByte())
        {
            data.Append(c == '}' ? (char)(ReceiveByte() ^ 0x20) : c);
        }

        ReceiveByte();
        ReceiveByte();
        SendRaw("+");
        return data.ToString();
    }

    /// <summary>Reads the next byte.</summary>
    public char ReceiveByte() => line.FromStub.TryTake(out byte value, PatienceMilliseconds) ? (char)value
        : throw new TimeoutException(line.FromStub.IsCompleted ? "The stub has closed the line." : "The stub says nothing.");

    /// <summary>Waits until the stub has closed the line.</summary>
    public bool WaitForClose()
    {
        for (int waited = 0; waited < PatienceMilliseconds && !line.FromStub.IsAddingCompleted; waited++)
        {
            Thread.Sleep(1);
        }

        return line.FromStub.IsAddingCompleted;
    }

    /// <summary>Vanishes.</summary>
    public void Dispose() => line.ToStub.CompleteAdding();

    public static string Frame(string data)
    {
        byte sum = 0;
        foreach (byte value in Encoding.Latin1.GetBytes(data))
        {
            sum += value;
        }

        return $"${data}#{sum:x2}";
    }
}
