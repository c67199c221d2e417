using KvmSharp.Tests.Guest;

namespace KvmSharp.Tests.Instructions;

/// <summary>Code of random bytes in 64-bit mode: whatever it is, the vCPU runs it, faults, halts or shuts down.</summary>
public class RandomLongCodeTests
{
    private const int Bytes = 64;

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Run_ManyStreams_NeverFailsInside(int cpl)
    {
        using var guest = new LongGuest(cpl);
        SpecialRegisters special = guest.Special;
        ulong state = 0x9E37_79B9_7F4A_7C15;
        var words = new ulong[Bytes / 8];
        for (int run = 0; run < 20_000; run++)
        {
            for (int i = 0; i < words.Length; i++)
            {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                words[i] = state;
            }

            RunOne(guest, special, words);
        }
    }

    private static void RunOne(LongGuest guest, SpecialRegisters special, ulong[] words)
    {
        if (guest.Cpu.HasPendingExit)
        {
            guest.Cpu.Reset();
        }

        for (int i = 0; i < words.Length && i < Bytes / 8; i++)
        {
            guest.Memory.Write(LongGuest.Code + ((ulong)i * 8), words[i]);
        }

        guest.Cpu.SetEvents(default);
        guest.Cpu.MpState = MpState.Runnable;
        guest.Special = special;
        guest.Registers = new GeneralRegisters
        {
            Rip = LongGuest.Code,
            Rsp = LongGuest.Stack,
            Rbx = LongGuest.Data,
            Rsi = LongGuest.Data,
            Rdi = LongGuest.High + LongGuest.Data,
            Rcx = 4,
            Rflags = 2,
        };
        VmExit exit = guest.Cpu.Run(100);
        if (exit.Reason == VmExitReason.InternalError)
        {
            // Only a fetch from where there is no memory cannot be emulated: no instruction is at fault then.
            guest.Cpu.ExitData.Length.Should().Be(0, "{0:X} must be emulated", Convert.ToHexString(guest.Cpu.ExitData));
        }
    }
}
