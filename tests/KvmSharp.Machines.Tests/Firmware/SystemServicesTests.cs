using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

public class SystemServicesTests
{
    private const uint Smap = 0x534D_4150;
    private const uint Buffer = 0x9000;

    [Fact]
    public void Int15E820_WalkedToItsEnd_GivesTheMemoryMap()
    {
        using var machine = new FirmwareMachine();
        var found = new List<MemoryMapEntry>();
        uint next = 0;
        do
        {
            CallRegisters after = machine.Call(0x15, new CallRegisters { Eax = 0xE820, Ebx = next, Ecx = 20, Edx = Smap, Edi = Buffer });
            (after.Carry, after.Eax, after.Ecx).Should().Be((false, Smap, 20u));
            byte[] entry = machine.Read(Buffer, 20);
            found.Add(new MemoryMapEntry(
                BinaryPrimitives.ReadUInt64LittleEndian(entry),
                BinaryPrimitives.ReadUInt64LittleEndian(entry.AsSpan(8)),
                (MemoryType)BinaryPrimitives.ReadUInt32LittleEndian(entry.AsSpan(16))));
            next = after.Ebx;
        }
        while (next != 0 && found.Count < 100);

        found.Should().Equal(MemoryMap.Of(PcLayout.Ram(4 << 20)));
    }

    [Theory]
    [InlineData(0u, 20u, 0u)]         // no 'SMAP'
    [InlineData(0u, 19u, Smap)]       // no room for an entry
    [InlineData(1000u, 20u, Smap)]    // no such entry
    public void Int15E820_WrongCall_ReturnsCarry(uint ebx, uint ecx, uint edx)
    {
        using var machine = new FirmwareMachine();
        CallRegisters after = machine.Call(0x15, new CallRegisters { Eax = 0xE820, Ebx = ebx, Ecx = ecx, Edx = edx, Edi = Buffer });
        (after.Carry, after.Ah).Should().Be((true, 0x86));
    }

    [Fact]
    public void MemorySizes_ByEachService_AgreeWithTheMachine()
    {
        using var machine = new FirmwareMachine(memory: 32 << 20);
        machine.Call(0x12, 0).Ax.Should().Be(639, "the last KiB of 640 is the extended data area");
        machine.Call(0x15, 0x8800).Ax.Should().Be(31 * 1024);
        CallRegisters e801 = machine.Call(0x15, 0xE801);
        (e801.Ax, e801.Bx, e801.Cx, e801.Dx).Should().Be((15 * 1024, 256, 15 * 1024, 256));
        CallRegisters e881 = machine.Call(0x15, new CallRegisters { Eax = 0xFFFF_E881, Ebx = uint.MaxValue });
        (e881.Eax, e881.Ebx).Should().Be((15u * 1024, 256u), "the upper halves are cleared");
    }

    [Fact]
    public void Int15C0AndC1_TellOfTablesThatAreThere()
    {
        using var machine = new FirmwareMachine();
        CallRegisters table = machine.Call(0x15, 0xC000);
        machine.Read(((ulong)table.Es << 4) + table.Bx, 3).Should().Equal([8, 0, 0xFC], "the length and the model");
        ushort area = machine.Call(0x15, 0xC100).Es;
        area.Should().Be(BinaryPrimitives.ReadUInt16LittleEndian(machine.Read(0x40E, 2)));
        machine.Read((ulong)area << 4, 1).Should().Equal([1], "its length in KiB");
    }

    [Fact]
    public void Int1524_ClosesAndOpensTheAddressLine()
    {
        using var machine = new FirmwareMachine();
        machine.Call(0x15, 0x2402).Al.Should().Be(1, "it is open at power-on");
        machine.Call(0x15, 0x2400).Carry.Should().BeFalse();
        machine.Call(0x15, 0x2402).Al.Should().Be(0);
        machine.Call(0x15, 0x2401).Carry.Should().BeFalse();
        machine.Call(0x15, 0x2402).Al.Should().Be(1);
        machine.Call(0x15, 0x2403).Bx.Should().Be(3);
    }

    [Fact]
    public void Int1586_WaitsAtLeastThatLong_AndNotMuchLonger()
    {
        using var machine = new FirmwareMachine();
        long before = machine.Machine.Now;
        machine.Call(0x15, new CallRegisters { Eax = 0x8600, Ecx = 0, Edx = 10_000 }).Carry.Should().BeFalse();
        (machine.Machine.Now - before).Should().BeInRange(10_000_000 - 976_000, 13_000_000, "nanoseconds, by periods of 976 microseconds");
    }

    [Fact]
    public void Int1583_SetsTheCallersByteWhenTheTimeHasCome()
    {
        using var machine = new FirmwareMachine();
        machine.Call(0x15, new CallRegisters { Eax = 0x8300, Edx = 3_000, Ebx = Buffer }).Carry.Should().BeFalse();
        machine.Call(0x15, new CallRegisters { Eax = 0x8300, Edx = 3_000, Ebx = Buffer }).Carry.Should().BeTrue("one wait at a time");
        machine.Call(0x15, new CallRegisters { Eax = 0x8600, Edx = 1_000 }).Carry.Should().BeTrue();
        machine.Read(Buffer, 1).Should().Equal([0]);
        for (int key = 0; key < 2; key++)
        {
            machine.Call(0x16, 0x0500); // some time passes; the wait itself needs interrupts
        }

        machine.Call(0x15, 0x8301).Carry.Should().BeFalse();
        machine.Call(0x15, new CallRegisters { Eax = 0x8600, Edx = 1_000 }).Carry.Should().BeFalse("the first one was cancelled");
    }

    [Fact]
    public void Int1587_MovesAboveOneMegabyte()
    {
        using var machine = new FirmwareMachine();
        machine.Write(0x8000, [.. Enumerable.Range(0, 10_000).Select(i => (byte)i)]);
        machine.Write(Buffer + 0x4010, Descriptor(0x8000));
        machine.Write(Buffer + 0x4018, Descriptor(0x20_0000));
        CallRegisters after = machine.Call(0x15, new CallRegisters { Eax = 0x8700, Ecx = 5_000, Esi = Buffer + 0x4000 });
        (after.Carry, after.Ah).Should().Be((false, 0));
        machine.Read(0x20_0000, 10_000).Should().Equal(machine.Read(0x8000, 10_000));
    }

    [Theory]
    [InlineData(0x8000u, 0xF_0000u, 0x10u)]    // to ROM
    [InlineData(0x8000u, 0x8000_0000u, 0x10u)] // to nowhere
    [InlineData(0x8000u, 0x20_0000u, 0x8001u)] // too much
    public void Int1587_WhatCannotBeMoved_ReturnsCarry(uint from, uint to, uint words)
    {
        using var machine = new FirmwareMachine();
        byte[] rom = machine.Read(0xF_0000, 0x20);
        machine.Write(Buffer + 0x10, Descriptor(from));
        machine.Write(Buffer + 0x18, Descriptor(to));
        machine.Call(0x15, new CallRegisters { Eax = 0x8700, Ecx = words, Esi = Buffer }).Carry.Should().BeTrue();
        machine.Read(0xF_0000, 0x20).Should().Equal(rom);
    }

    [Theory]
    [InlineData(0x5300u)] // APM
    [InlineData(0xC200u)] // pointing device
    [InlineData(0x8900u)]
    [InlineData(0xE899u)]
    public void Int15_FunctionsThatAreNotThere_ReturnCarry(uint eax)
    {
        using var machine = new FirmwareMachine();
        CallRegisters after = machine.Call(0x15, eax);
        (after.Carry, after.Ah).Should().Be((true, 0x86));
    }

    private static byte[] Descriptor(uint address) =>
        [0xFF, 0xFF, (byte)address, (byte)(address >> 8), (byte)(address >> 16), 0x93, 0, (byte)(address >> 24)];
}
