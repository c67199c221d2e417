using static KvmSharp.Devices.Tests.IdeBench;

namespace KvmSharp.Devices.Tests;

public sealed class IdeChannelTests : StatefulContract<IdeBench, PiixIdeState>
{
    private readonly IdeBench _ide = new();

    protected override int Ports => IdeBench.Ports;

    internal override Bench Make()
    {
        var ide = new IdeBench();
        ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(300)));
        ide.Ide.Primary.Attach(1, new AtaDrive(new MemoryDisk(100)));
        ide.Ide.Secondary.Attach(0, new AtapiDrive(new MemoryDisk(64)));
        ide.Reset();
        return new Bench(ide, new ManualClock(), ide.Irq14, ide.Irq15);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.Start28(0x20, sector: 9, count: 3);
        bench.Part.ReadData(100);
        bench.Part.Out(16 + Command, 0xA1);
        bench.Part.Out(BusMasterTable, 0x40);
    }

    internal override void Host(IdeBench part, byte value) => ((AtapiDrive)part.Ide.Secondary.Drive(0)!).ChangeMedium(value < 0x80 ? new MemoryDisk(value) : null);

    [Fact]
    public void NoDrives_Registers_ReadWithBusyPulledDown()
    {
        _ide.In(Status).Should().Be(0x7F);
        _ide.Out(Count, 0x55);
        _ide.In(Count).Should().NotBe(0x55);
        _ide.Out(Command, 0xEC);
        _ide.Irq14.WasDriven.Should().BeTrue();
        _ide.Irq14.Level.Should().BeFalse();
    }

    [Fact]
    public void SecondDriveAbsent_FirstAnswersWithZeros()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100)));
        _ide.Out(Device, 0xB0);
        _ide.Out(Count, 0x55);
        (_ide.In(Status), _ide.In(Count)).Should().Be((0, 0));
        _ide.Out(Command, 0xEC);
        _ide.Irq14.Level.Should().BeFalse();
        _ide.Out(Device, 0xA0);
        _ide.In(Status).Should().Be(0x50);
    }

    [Fact]
    public void TwoDrives_Selected_Answers()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100), "FIRST"));
        _ide.Ide.Primary.Attach(1, new AtaDrive(new MemoryDisk(200), "SECOND"));
        _ide.Out(Device, 0xB0);
        _ide.Identify()[60].Should().Be(200);
        _ide.Out(Device, 0xA0);
        _ide.Identify()[60].Should().Be(100);
    }

    [Fact]
    public void Registers_WhileDataWait_AreNotWritten()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100)));
        _ide.Start28(0x20, sector: 4, count: 1);
        _ide.Out(Device, 0xB0);
        _ide.Out(Command, 0xEC);
        _ide.ReadData(512)[0].Should().Be(5);
    }

    [Fact]
    public void InterruptDisabled_LineStaysLowUntilEnabled()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100)));
        _ide.Out(Control, 2);
        _ide.Out(Command, 0x10);
        _ide.Irq14.Level.Should().BeFalse();
        _ide.In(BusMasterStatus).Should().Be(0);
        _ide.Out(Control, 0);
        _ide.Irq14.Level.Should().BeTrue();
        _ide.In(BusMasterStatus).Should().Be(4);
    }

    [Fact]
    public void SoftReset_WithinACommand_GivesTheSignature()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100)));
        _ide.Ide.Primary.Attach(1, new AtapiDrive());
        _ide.Start28(0x20, sector: 4, count: 2);
        _ide.Out(Control, 4);
        _ide.In(Control).Should().Be(0x80, "BSY");
        _ide.Irq14.Level.Should().BeFalse();
        _ide.Out(Command, 0xEC); // not heard
        _ide.Out(Control, 0);

        (_ide.In(Status), _ide.In(Error), _ide.In(Count), _ide.In(LbaLow), _ide.In(LbaMid), _ide.In(LbaHigh)).Should().Be((0x50, 1, 1, 1, 0, 0));
        _ide.Irq14.Level.Should().BeFalse("a reset does not interrupt");
        _ide.Out(Device, 0xB0);
        (_ide.In(Status), _ide.In(Error), _ide.In(Count), _ide.In(LbaLow), _ide.In(LbaMid), _ide.In(LbaHigh)).Should().Be((0, 1, 1, 1, 0x14, 0xEB));
    }

    [Fact]
    public void SoftReset_Settings_RevertUnlessKept()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100)));
        SetMultiple();
        _ide.Identify()[59].Should().Be(0);
        _ide.Out(Features, 0x66);
        _ide.Out(Command, 0xEF);
        SetMultiple();
        _ide.Identify()[59].Should().Be(0x104);

        void SetMultiple()
        {
            _ide.Out(Count, 4);
            _ide.Out(Command, 0xC6);
            _ide.Out(Control, 4);
            _ide.Out(Control, 0);
        }
    }

    [Fact]
    public void Diagnostic_SecondSelected_FirstAnswers()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100)));
        _ide.Ide.Primary.Attach(1, new AtaDrive(new MemoryDisk(100)));
        _ide.Out(Device, 0xB0);
        _ide.Out(Command, 0x90);
        _ide.Irq14.Level.Should().BeTrue();
        (_ide.In(Error), _ide.In(Device) & 0x10).Should().Be((1, 0));
        _ide.In(Status).Should().Be(0x50);
    }

    [Fact]
    public void DecodeBit_Clear_LetsThePortsFloat()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100)));
        _ide.Ide.WriteConfig(0x40, 2, 0);
        _ide.In(Status).Should().Be(0xFF);
        _ide.Ide.WriteConfig(0x40, 2, 0x8000);
        _ide.In(Status).Should().Be(0x50);
    }

    [Fact]
    public void Config_Header_IsAPiix3InCompatibilityMode()
    {
        _ide.Ide.ReadConfig(0, 4).Should().Be(0x7010_8086);
        (_ide.Ide.ReadConfig(8, 4) >> 8).Should().Be(0x010180);
        _ide.Ide.WriteConfig(0x20, 4, 0xFFFF_FFFF);
        _ide.Ide.ReadConfig(0x20, 4).Should().Be(0xFFFF_FFF1, "16 ports");
        _ide.Ide.WriteConfig(0x10, 4, 0xFFFF_FFFF);
        _ide.Ide.ReadConfig(0x10, 4).Should().Be(0);
    }

    [Fact]
    public void DataPort_ReadsAndWrites_AllocateNothing()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(256)));
        Transfer();
        AllocatedBytes.Least(Transfer).Should().Be(0);

        void Transfer()
        {
            _ide.Irq14.Forget(); // the double keeps a list
            _ide.Start28(0x20, sector: 0, count: 64);
            for (int i = 0; i < 64 * 256; i++)
            {
                _ide.Ide.Primary.ReadPort(0, 2);
            }

            _ide.Start28(0x30, sector: 0, count: 64);
            for (int i = 0; i < 64 * 128; i++)
            {
                _ide.Ide.Primary.WritePort(0, 4, 0);
            }
        }
    }
}
