using KvmSharp.SystemRegisters;

namespace KvmSharp.Tests.SystemRegisters;

public class ControlRegistersTests
{
    [Theory]
    [InlineData(0x0000_0000, true)]
    [InlineData(0x0000_0001, true)]
    [InlineData(0x8000_0001, true)]
    [InlineData(0x8000_0000, false)] // paging without protection
    [InlineData(0x6000_0010, true)]  // as after reset
    [InlineData(0x4000_0000, true)]
    [InlineData(0x2000_0000, false)] // NW without CD
    public void IsValidCr0_Combinations_FollowTheManual(ulong value, bool valid) =>
        ControlRegisters.IsValidCr0(value).Should().Be(valid);

    [Theory]
    [InlineData(ModelSpecific.SysenterEip, 0xFFFF_FFFF, true)]
    [InlineData(ModelSpecific.SysenterEip, 0x7FFF_FFFF_FFFF, true)]
    [InlineData(ModelSpecific.SysenterEip, 0x8000_0000_0000, false)] // not canonical
    [InlineData(ModelSpecific.Lstar, 0xFFFF_8000_0000_0000, true)]
    [InlineData(ModelSpecific.GsBase, 0xFFFF_7FFF_FFFF_FFFF, false)]
    [InlineData(ModelSpecific.SyscallFlagMask, 0x1_0000_0000, false)]
    [InlineData(ModelSpecific.ApicBase, 0xFEE0_0900, true)]
    [InlineData(ModelSpecific.ApicBase, 0xFEE0_0400, false)]
    [InlineData(ModelSpecific.Pat, 0x0007_0406_0007_0406, true)]
    [InlineData(ModelSpecific.Pat, 0x0007_0406_0007_0402, false)] // type 2 is reserved
    [InlineData(ModelSpecific.MtrrDefType, 0xC06, true)]
    [InlineData(ModelSpecific.MtrrDefType, 0xC07, false)] // UC- is for the PAT only
    [InlineData(ModelSpecific.MtrrDefType, 0x100, false)]
    [InlineData(ModelSpecific.MiscEnable, 1, true)]
    [InlineData(ModelSpecific.MiscEnable, 2, false)]
    public void IsAcceptable_ReservedBits_AreRefused(uint index, ulong value, bool accepted) =>
        ModelSpecific.IsAcceptable(index, value).Should().Be(accepted);
}
