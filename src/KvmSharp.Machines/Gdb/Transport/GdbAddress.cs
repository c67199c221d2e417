using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KvmSharp.Machines.Gdb;

/// <summary>Where a debugger may connect: <c>[HOST:]PORT</c> or <c>unix:PATH</c>.</summary>
/// <param name="Host">The host's name or address; loopback unless named. Empty with <paramref name="Path"/>.</param>
/// <param name="Port">The TCP port; 0 lets the system choose.</param>
/// <param name="Path">The path of a socket in the file system, or <see langword="null"/>.</param>
public sealed record GdbAddress(string Host, int Port, string? Path)
{
    /// <summary>The host of a bare port: whoever may connect is the guest's master, so other machines are let in only by name.</summary>
    public const string Loopback = "127.0.0.1";

    private const string UnixPrefix = "unix:";

    /// <summary>Reads an address.</summary>
    /// <param name="text">A port, HOST:PORT, [ADDRESS]:PORT for IPv6, or unix:PATH; :PORT is a bare port too.</param>
    /// <param name="address">The address.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out GdbAddress? address)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            address = text.Length > UnixPrefix.Length ? new GdbAddress(string.Empty, 0, text[UnixPrefix.Length..]) : null;
            return address is not null;
        }

        int colon = text.LastIndexOf(':');
        string host = colon <= 0 ? Loopback : text[..colon];
        bool bracketed = host is ['[', .., ']'];
        host = bracketed ? host[1..^1] : host;
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || host.Length == 0
            || (host.Contains(':', StringComparison.Ordinal) && !bracketed))
        {
            return false;
        }

        address = new GdbAddress(host, port, null);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Path is not null ? Path : Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
