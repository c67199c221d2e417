using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

public class ClockServicesTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 23, 59, 58, TimeSpan.Zero);

    [Fact]
    public void Int1A_TimeAndDate_AreTheClocks()
    {
        using var machine = new FirmwareMachine(clockStart: Start);
        CallRegisters time = machine.Call(0x1A, 0x0200);
        (time.Carry, time.Cx, (byte)(time.Dx >> 8)).Should().Be((false, 0x2359, 0x58));
        CallRegisters date = machine.Call(0x1A, 0x0400);
        (date.Carry, date.Cx, date.Dx).Should().Be((false, 0x2026, 0x1121));
    }

    [Fact]
    public void Int1A_TimeAndDateSet_AreReadBack()
    {
        using var machine = new FirmwareMachine(clockStart: Start);
        machine.Call(0x1A, new CallRegisters { Eax = 0x0300, Ecx = 0x1234, Edx = 0x5600 }).Carry.Should().BeFalse();
        machine.Call(0x1A, new CallRegisters { Eax = 0x0500, Ecx = 0x1999, Edx = 0x1231 }).Carry.Should().BeFalse();
        machine.Call(0x1A, 0x0200).Cx.Should().Be(0x1234);
        CallRegisters date = machine.Call(0x1A, 0x0400);
        (date.Cx, date.Dx).Should().Be((0x1999, 0x1231));
    }

    [Fact]
    public void Int1A00_AtPowerOn_CountsFromMidnight()
    {
        using var machine = new FirmwareMachine(clockStart: Start);
        CallRegisters after = machine.Call(0x1A, 0x0000);
        uint ticks = ((uint)after.Cx << 16) | after.Dx;
        ticks.Should().BeInRange(0x1800B0 - 40, 0x1800B0 - 36, "two seconds of 18.2 ticks are left of the day");
    }

    [Fact]
    public void Irq0_CountsTicks_CallsInt1C_AndMarksMidnight()
    {
        using var machine = new FirmwareMachine(clockStart: Start);
        machine.Write(0x600, 0xFF, 0x06, 0x00, 0x05, 0xCF); // inc word [500h]; iret, with DS as it was: 0
        machine.Write(4 * 0x1C, 0x00, 0x06, 0x00, 0x00);
        machine.Call(0x15, new CallRegisters { Eax = 0x8600, Ecx = 45, Edx = 0 }); // 2.95 seconds
        BinaryPrimitives.ReadUInt16LittleEndian(machine.Read(0x500, 2)).Should().BeInRange(52, 55);
        CallRegisters after = machine.Call(0x1A, 0x0000);
        (after.Al, after.Cx).Should().Be((1, 0), "midnight has passed");
        machine.Call(0x1A, 0x0000).Al.Should().Be(0, "that is told once");
    }

    [Fact]
    public void Int1A06_Alarm_CallsInt4A()
    {
        using var machine = new FirmwareMachine(clockStart: Start);
        machine.Write(0x600, 0xFF, 0x06, 0x00, 0x05, 0xCF);
        machine.Write(4 * 0x4A, 0x00, 0x06, 0x00, 0x00);
        machine.Call(0x1A, new CallRegisters { Eax = 0x0600, Ecx = 0x0000, Edx = 0x0000 }).Carry.Should().BeFalse();
        machine.Call(0x1A, new CallRegisters { Eax = 0x0600 }).Carry.Should().BeTrue("one alarm at a time");
        machine.Call(0x15, new CallRegisters { Eax = 0x8600, Ecx = 45, Edx = 0 });
        machine.Read(0x500, 1).Should().Equal([1]);
    }
}
