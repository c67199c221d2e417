using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

public sealed class I440FxHostBridgeTests : StatefulContract<StormPorts<I440FxHostBridge, I440FxHostBridgeState>, I440FxHostBridgeState>
{
    private const int Pam0 = 0x59;

    private readonly ShadowAccess[] _shadow = new ShadowAccess[I440FxHostBridge.ShadowRegionCount];

    protected override int Ports => PciConfigSpace.Length;

    internal override Bench Make() => new(
        StormPorts.OfConfiguration<I440FxHostBridge, I440FxHostBridgeState>(new I440FxHostBridge(new Wire(), (_, _) => { })), new ManualClock());

    internal override void Disturb(Bench bench) => bench.Part.WritePort(Pam0, 1, 0x30);

    [Fact]
    public void VendorAndDevice_AreThose_ByWhichFirmwareKnowsTheBoard()
    {
        I440FxHostBridge bridge = Bridge();
        bridge.ReadConfig(PciRegister.VendorId, 4).Should().Be(0x1237_8086);
        bridge.ReadConfig(PciRegister.SubsystemVendorId, 4).Should().Be(0x1100_1AF4);
    }

    [Theory]
    [InlineData(0x59, 0x30, 12)] // F0000h: the high half of PAM0
    [InlineData(0x5A, 0x03, 0)]  // C0000h
    [InlineData(0x5A, 0x30, 1)]  // C4000h
    [InlineData(0x5D, 0x03, 6)]  // D8000h
    [InlineData(0x5F, 0x30, 11)] // EC000h
    public void Pam_ReadAndWriteEnable_OpenOneRegion(int register, uint value, int region)
    {
        Bridge().WriteConfig(register, 1, value);
        _shadow.Select((access, index) => (access, index)).Where(r => r.access != ShadowAccess.None)
            .Should().Equal((ShadowAccess.Read | ShadowAccess.Write, region));
    }

    [Theory]
    [InlineData(0x10, ShadowAccess.Read)]
    [InlineData(0x20, ShadowAccess.Write)]
    [InlineData(0x0F, ShadowAccess.None)] // the low half of PAM0 governs nothing
    public void Pam0_EachEnable_IsForItself(uint value, ShadowAccess expected)
    {
        Bridge().WriteConfig(Pam0, 1, value);
        _shadow[^1].Should().Be(expected);
    }

    [Fact]
    public void Reset_TakesRegionsBackToTheRom()
    {
        I440FxHostBridge bridge = Bridge();
        bridge.WriteConfig(0x5A, 4, 0x3333_3333);
        bridge.Reset();
        _shadow.Should().OnlyContain(access => access == ShadowAccess.None);
    }

    [Fact]
    public void Load_TellsTheBoardOfEachRegion()
    {
        I440FxHostBridge one = Bridge();
        one.WriteConfig(0x5A, 4, 0x3120_1302);
        var expected = _shadow.ToArray();
        Array.Clear(_shadow);

        Bridge().Load(one.Save());

        _shadow.Should().Equal(expected).And.Contain(ShadowAccess.Write);
    }

    [Fact]
    public void Smram_FixedBits_Stay()
    {
        I440FxHostBridge bridge = Bridge();
        bridge.WriteConfig(0x72, 1, 0xFF);
        bridge.ReadConfig(0x72, 1).Should().Be(0x7A);
    }

    [Fact]
    public void ReadOnlyRegisters_AnyWrites_KeepTheirValues() => Prop.ForAll(Storms.Arbitrary, storm =>
    {
        Bench bench = Make();
        Storms.Run(storm, bench.Part, bench.Clock, Ports, Host);
        (bench.Part.ReadPort(PciRegister.VendorId, 4), bench.Part.ReadPort(PciRegister.Command, 2) & 6, bench.Part.ReadPort(PciRegister.HeaderType, 1))
            .Should().Be((0x1237_8086u, 6u, 0u));
    }).QuickCheckThrowOnFailure();

    private I440FxHostBridge Bridge() => new(new Wire(), (region, access) => _shadow[region] = access);
}
