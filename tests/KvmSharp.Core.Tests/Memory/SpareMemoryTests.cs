using KvmSharp.Memory;

namespace KvmSharp.Tests.Memory;

/// <summary>Mappings that pass from a machine to the next: zeroed, and never to two at once.</summary>
public sealed unsafe class SpareMemoryTests
{
    private const int Rounds = 200;

    [Theory]
    [InlineData(1)]
    [InlineData(3 * 4096)]
    [InlineData(128 * 1024)]
    [InlineData((128 * 1024) + 1)]
    public void HostMemory_OfAnySizeBehindOneThatWasWritten_IsZero(int size)
    {
        for (int round = 0; round < Rounds; round++)
        {
            using var memory = new HostMemory((ulong)size);
            var bytes = new Span<byte>(memory.Pointer, size);
            bytes.ContainsAnyExcept((byte)0).Should().BeFalse();
            bytes.Fill(byte.MaxValue);
        }
    }

    [Fact]
    public void HostMemory_OfManyThreads_IsEachOnesOwn() => Parallel.For(0, Rounds, static round =>
    {
        using var one = new HostMemory(16 * 1024);
        using var other = new HostMemory(16 * 1024);
        *(int*)one.Pointer = round;
        *(int*)other.Pointer = ~round;
        Thread.Yield();
        (*(int*)one.Pointer, *(int*)other.Pointer).Should().Be((round, ~round));
    });

    [Fact]
    public void Dispose_OfMachine_LeavesNothingToTheNext()
    {
        using var kvm = Kvm.Open();
        for (int round = 0; round < Rounds; round++)
        {
            using VirtualMachine vm = kvm.CreateVm();
            vm.SetUserMemoryRegion(new MemorySlot(0, 0, 16 * 1024));
            vm.Memory.Read<ulong>(0x2000).Should().Be(0);
            vm.Memory.Write(0x2000, ulong.MaxValue);
            vm.SetUserMemoryRegion(new MemorySlot(0, 0, 16 * 1024, MemorySlotOptions.LogDirtyPages));
            vm.GetDirtyLog(0).Should().Equal(0UL); // and no records of the machine before
        }
    }
}
