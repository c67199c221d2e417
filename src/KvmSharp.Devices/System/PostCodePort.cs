using System.Runtime.CompilerServices;

namespace KvmSharp.Devices;

/// <summary>The diagnostic port (80h) to which firmware writes how far it has come; the last byte reads back.</summary>
/// <remarks>Guests also write to it for a short delay; here a write takes no virtual time. Source: IBM PC AT Technical Reference, "I/O Address Map".</remarks>
public sealed class PostCodePort() : BytePortDevice(ports: 1), IStateful<PostCodePortState>
{
    private PostCodePortState _s;

    /// <inheritdoc/>
    public PostCodePortState Save() => _s;

    /// <inheritdoc/>
    public void Load(in PostCodePortState state) => _s = state;

    /// <inheritdoc/>
    public void Reset() => _s = default;

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => _s.Code;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // the port that is used for delays
    protected override void WriteByte(int port, byte value) => _s.Code = value;
}

/// <summary>All that <see cref="PostCodePort"/> remembers.</summary>
public record struct PostCodePortState
{
    /// <summary>Gets or sets the last byte written.</summary>
    public byte Code { get; set; }
}
