using KvmSharp.Machines;
using KvmSharp.Testing;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace GuestTests;

/// <summary>A few instructions, written in place with Iced's assembler.</summary>
public sealed class InlineCodeTests
{
    [Fact]
    public async Task Bsf_OfZero_SetsTheZeroFlag()
    {
        using GuestMachine machine = GuestMachine.Create()
            .WithCode(StartMode.Protected32, a =>
            {
                a.xor(ebx, ebx);
                a.bsf(eax, ebx);
                a.setnz(al);
                a.@out(0xF4, al); // the debug-exit port: 0 passes, 1 fails
            })
            .Build();

        Verdict verdict = await machine.RunToVerdictAsync(Budget.OfInstructions(1_000));

        verdict.EnsurePassed();
    }
}
