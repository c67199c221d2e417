using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Tasks;

public class PortPermissionTests
{
    private const uint Map = 0x68;
    private const uint Iopl3 = 0x3000;

    [Theory]
    [InlineData(0x10, 0u, true)]
    [InlineData(0x11, 0u, false)]      // its bit is set
    [InlineData(0x27, 0u, true)]       // the last port of the map
    [InlineData(0x28, 0u, false)]      // the two bytes read reach beyond the limit
    [InlineData(0x11, Iopl3, true)]    // IOPL is enough
    public void In_AtLevel3_AsksIoplThenTheMap(int port, uint iopl, bool allowed)
    {
        using ProtectedGuest guest = Create(iopl);
        VmExit exit = guest.Run(a => a.@in(al, (byte)port));
        if (allowed)
        {
            (exit.Reason, exit.Port).Should().Be((VmExitReason.Io, (ushort)port));
            return;
        }

        exit.Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(13) + 1);
        guest.StackItem(0).Should().Be(0);
    }

    [Theory]
    [InlineData(0x0F, false)] // covers 0Fh to 12h
    [InlineData(0x12, true)]
    [InlineData(0x1E, true)]  // bits of two bytes of the map
    public void InDoubleword_AllItsPorts_MustBeFree(int port, bool allowed)
    {
        using ProtectedGuest guest = Create(0);
        guest.Run(a => a.@in(eax, (byte)port)).Reason.Should().Be(allowed ? VmExitReason.Io : VmExitReason.Hlt);
    }

    [Fact]
    public void Out_ThroughNarrowTss_IsRefused()
    {
        using ProtectedGuest guest = Create(0);
        guest.Vm.Memory.Write(ProtectedGuest.Tss + 2, (ushort)0xF000); // SP0
        guest.Vm.Memory.Write(ProtectedGuest.Tss + 4, ProtectedGuest.Data0);
        guest.Special = guest.Special with { Tr = guest.Special.Tr with { Type = 3 } };
        guest.RunToHandler(a => a.@out(0x10, al)).Should().Be(13);
    }

    [Fact]
    public void In_InVirtual8086Mode_AsksTheMapWhateverIoplIs()
    {
        using ProtectedGuest guest = Create(0);
        SegmentRegister segment = SegmentRegister.RealMode(0) with { Dpl = 3 };
        guest.Special = guest.Special with { Cs = segment, Ss = segment, Ds = segment };
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = 0x2_0002 | Iopl3, Rsp = 0x7000 });
        guest.RunToHandler(a => a.@in(al, 0x11)).Should().Be(13);
    }

    // Ports 0 to 27h have bits, all free but 11h; then the byte of ones that ends the map.
    private static ProtectedGuest Create(uint iopl)
    {
        var guest = new ProtectedGuest(cpl: 3);
        guest.Vm.Memory.Write(ProtectedGuest.Tss + 0x66, (ushort)Map);
        guest.Vm.Memory.Write(ProtectedGuest.Tss + Map + 2, (byte)0x02);
        guest.Vm.Memory.Write(ProtectedGuest.Tss + Map + 5, (byte)0xFF);
        guest.Special = guest.Special with { Tr = guest.Special.Tr with { Limit = Map + 5 } };
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = iopl | 2 });
        return guest;
    }
}
