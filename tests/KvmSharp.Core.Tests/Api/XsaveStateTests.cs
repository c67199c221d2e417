using System.Buffers.Binary;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Api;

/// <summary>KVM_GET_XSAVE, KVM_SET_XSAVE, KVM_GET_XCRS, KVM_SET_XCRS.</summary>
public sealed class XsaveStateTests : IDisposable
{
    private const int MxcsrOffset = 24;
    private const int FirstXmm = 160;
    private const int StateBits = 512; // XSTATE_BV
    private const ulong OsFxsrAndXsave = 0x4_0200;

    private readonly LongGuest _guest = new();

    private VirtualCpu Cpu => _guest.Cpu;

    public void Dispose() => _guest.Dispose();

    [Fact]
    public void SetXsave_WhatGetXsaveGave_RestoresEverything()
    {
        Cpu.SetFpuState(Disturbed());
        FpuState before = Cpu.GetFpuState();
        byte[] image = Image();
        Cpu.SetFpuState(default);
        Cpu.SetXsave(image);
        Cpu.GetFpuState().Should().Be(before);
        Image().Should().Equal(image);
    }

    [Fact]
    public void GetXsave_AfterXsave64OfTheGuest_IsWhatTheGuestWrote()
    {
        Cpu.SetFpuState(Disturbed());
        _guest.Special = _guest.Special with { Cr4 = _guest.Special.Cr4 | OsFxsrAndXsave };
        Cpu.Xcr0 = 3;
        _guest.RunToHalt(c =>
        {
            c.mov(eax, -1);
            c.mov(edx, -1);
            c.xsave64(__[LongGuest.Data]);
            c.hlt();
        });
        var written = new byte[VirtualCpu.XsaveImageSize];
        _guest.Memory.Read(LongGuest.Data, written);
        Image().Should().Equal(written);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void SetXsave_ComponentNotNamed_TakesItsInitialState(byte named)
    {
        Cpu.SetFpuState(Disturbed());
        FpuState before = Cpu.GetFpuState();
        byte[] image = Image();
        image[StateBits] = named;
        Cpu.SetXsave(image);
        FpuState after = Cpu.GetFpuState();
        after.Fcw.Should().Be((named & 1) != 0 ? before.Fcw : (ushort)0x37F);
        after.Ftwx.Should().Be((named & 1) != 0 ? before.Ftwx : (byte)0);
        after.Xmm.Should().Be((named & 2) != 0 ? before.Xmm : default);
        after.Mxcsr.Should().Be(before.Mxcsr, "MXCSR is always loaded");
    }

    [Theory]
    [InlineData(StateBits, 7)]       // AVX
    [InlineData(StateBits + 8, 1)]   // XCOMP_BV
    [InlineData(StateBits + 15, 0x80)] // the compacted form
    [InlineData(StateBits + 16, 1)]  // reserved
    [InlineData(MxcsrOffset + 2, 1)] // bit 16
    public void SetXsave_NotAnImageOfThisProcessor_IsRefusedWhole(int offset, byte value)
    {
        byte[] image = Image();
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(FirstXmm), 1);
        image[offset] = value;
        FpuState before = Cpu.GetFpuState();
        ErrorOf(() => Cpu.SetXsave(image)).Should().Be(Errno.Invalid);
        Cpu.GetFpuState().Should().Be(before);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(512)]
    [InlineData(4096)]
    public void Xsave_AnotherSize_IsRefused(int size)
    {
        ErrorOf(() => Cpu.SetXsave(new byte[size])).Should().Be(Errno.Invalid);
        ErrorOf(() => Cpu.GetXsave(new byte[size])).Should().Be(Errno.Invalid);
    }

    [Theory]
    [InlineData(0UL, false)]
    [InlineData(1UL, true)]
    [InlineData(2UL, false)]
    [InlineData(3UL, true)]
    [InlineData(7UL, false)]
    public void Xcr0_Value_IsTakenAsXsetbvWould(ulong value, bool taken)
    {
        Cpu.Xcr0.Should().Be(1, "that is its value after RESET");
        Action set = () => Cpu.Xcr0 = value;
        if (taken)
        {
            set();
            Cpu.Xcr0.Should().Be(value);
        }
        else
        {
            ErrorOf(set).Should().Be(Errno.Invalid);
            Cpu.Xcr0.Should().Be(1);
        }
    }

    [Fact]
    public void Xcr0_ModelWithoutXsave_StaysOne()
    {
        Cpu.Cpuid = CpuModel.PentiumIII.Cpuid;
        ErrorOf(() => Cpu.Xcr0 = 3).Should().Be(Errno.Invalid);
        Cpu.Xcr0 = 1;
    }

    private static Errno ErrorOf(Action action) => action.Should().Throw<KvmException>().Which.Errno;

    private static FpuState Disturbed()
    {
        var fpr = default(FpuRegisters);
        for (int i = 0; i < FpuRegisters.Count; i++)
        {
            fpr[i] = new UInt128(0x4000UL + (ulong)i, 0x8000_0000_0000_0001UL + (ulong)i);
        }

        var xmm = default(XmmRegisters);
        for (int i = 0; i < XmmRegisters.Count; i++)
        {
            xmm[i] = new UInt128(0x1111UL * (ulong)i, 0x2222_0000UL + (ulong)i);
        }

        return new FpuState
        {
            Fpr = fpr,
            Fcw = 0x27F,
            Fsw = 0x1800, // TOP = 3
            Ftwx = 0xA5,
            LastOpcode = 0x123,
            LastIp = 0x1234_5678_9ABC,
            LastDp = 0x2345_6789_ABCD,
            Xmm = xmm,
            Mxcsr = 0x9FC0,
        };
    }

    private byte[] Image()
    {
        var image = new byte[VirtualCpu.XsaveImageSize];
        Cpu.GetXsave(image);
        return image;
    }
}
