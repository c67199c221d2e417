namespace KvmSharp.Devices.Tests;

public sealed class ByteFifoTests
{
    [Fact]
    public void Enqueue_SixteenBytes_ComeBackInOrderAndNoMoreFit()
    {
        var fifo = default(ByteFifo);
        for (byte i = 0; i < 16; i++)
        {
            fifo.TryEnqueue((byte)(0xF0 + i)).Should().BeTrue();
        }

        (fifo.TryEnqueue(1), fifo.Count, fifo.Room).Should().Be((false, 16, 0));
        for (byte i = 0; i < 16; i++)
        {
            fifo.TryDequeue(out byte value).Should().BeTrue();
            value.Should().Be((byte)(0xF0 + i));
        }

        fifo.TryDequeue(out _).Should().BeFalse();
    }

    [Fact]
    public void Equality_SameBytesByDifferentWays_AreEqual()
    {
        var one = default(ByteFifo);
        one.TryEnqueue(9);
        one.TryEnqueue(7);
        one.TryDequeue(out _);
        var other = default(ByteFifo);
        other.TryEnqueue(7);
        other.Should().Be(one);
    }
}
