using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Concurrency;

/// <summary>Litmus tests of x86's order of stores and loads. Intel SDM Vol. 3A, "Examples Illustrating the Memory-Ordering Principles".</summary>
/// <remarks>Round n uses its own cache lines and a barrier of LOCK XADD before it, so that the vCPUs meet in each.</remarks>
public sealed class MemoryOrderTests
{
    private const uint X = 0x2_0000;
    private const uint Y = 0x4_0000;
    private const uint Results = 0x6_0000;
    private const uint Arrived = 0x1_0000;
    private const int Rounds = 600;

    /// <summary>Loads may pass earlier stores; behind a locked instruction they may not.</summary>
    [Fact]
    public void StoreBuffering_LockBetween_NeverReadsTwoZeroes()
    {
        int[] results = Run(
            (a, i) => Exchange(a, X, Y, i),
            (a, i) => Exchange(a, Y, X, i));

        results.Should().NotContain(0, "then both loads would have passed both stores");

        static void Exchange(Assembler a, uint store, uint load, int number)
        {
            a.mov(__dword_ptr[edi + store], 1);
            a.@lock.add(__dword_ptr[esp], 0);
            a.mov(eax, __dword_ptr[edi + load]);
            Report(a, number);
        }
    }

    [Fact]
    public void MessagePassing_FlagSeen_DataIsSeen()
    {
        int[] results = Run(
            (a, _) =>
            {
                a.mov(__dword_ptr[edi + X], 1);
                a.mov(__dword_ptr[edi + Y], 1);
            },
            (a, _) =>
            {
                a.mov(eax, __dword_ptr[edi + Y]);
                a.mov(ebx, __dword_ptr[edi + X]);
                a.lea(eax, __[ebx + (eax * 2)]);
                Report(a, 0);
            });

        results.Should().NotContain(2, "the flag without its data");
    }

    [Fact]
    public void LoadBuffering_LoadsBeforeStores_NeverReadsTwoOnes()
    {
        int[] results = Run(
            (a, i) => LoadThenStore(a, X, Y, i),
            (a, i) => LoadThenStore(a, Y, X, i));

        results.Should().NotContain(3);

        static void LoadThenStore(Assembler a, uint load, uint store, int number)
        {
            a.mov(eax, __dword_ptr[edi + load]);
            a.mov(__dword_ptr[edi + store], 1);
            Report(a, number);
        }
    }

    /// <summary>Independent reads of independent writes: two readers agree on the order of two writers.</summary>
    [Fact]
    public void IndependentReads_TwoWriters_AreSeenInOneOrder()
    {
        int[] results = Run(
            (a, _) => a.mov(__dword_ptr[edi + X], 1),
            (a, _) => a.mov(__dword_ptr[edi + Y], 1),
            (a, _) => Read(a, X, Y, 0),
            (a, _) => Read(a, Y, X, 1));

        results.Should().NotContain(3, "then X came before Y for one and behind it for the other");

        // 1 when the first was seen and the second not.
        static void Read(Assembler a, uint first, uint second, int number)
        {
            a.mov(eax, __dword_ptr[edi + first]);
            a.mov(ebx, __dword_ptr[edi + second]);
            a.xor(ebx, 1);
            a.and(eax, ebx);
            Report(a, number);
        }
    }

    // ORs EAX, shifted by the reporter's number, into the round's result.
    private static void Report(Assembler a, int number)
    {
        a.shl(eax, (byte)number);
        a.mov(edx, edi);
        a.shr(edx, 4);
        a.@lock.or(__dword_ptr[edx + Results], eax);
    }

    private static int[] Run(params Action<Assembler, int>[] bodies)
    {
        using TestMachine machine = TestMachine.Protected();
        ulong[] starts = new ulong[bodies.Length];
        for (int i = 0; i < bodies.Length; i++)
        {
            int number = i;
            starts[i] = TestMachine.Code + ((ulong)i * 0x1000);
            machine.Load(starts[i], a => Round(a, bodies[number], number, (uint)bodies.Length));
        }

        Crew.Run(machine, starts);
        return [.. Enumerable.Range(0, Rounds).Select(i => machine.Ram.Read<int>(Results + ((ulong)i * 4)))];
    }

    private static void Round(Assembler a, Action<Assembler, int> body, int number, uint vcpus)
    {
        Label top = a.CreateLabel();
        Label wait = a.CreateLabel();
        Label yield = a.CreateLabel();
        Label go = a.CreateLabel();
        a.mov(edi, 0); // 64 bytes a round
        a.mov(ebp, vcpus);
        a.Label(ref top);
        a.@lock.inc(__dword_ptr[Arrived]);
        a.Label(ref yield);
        a.mov(ecx, 500);
        a.Label(ref wait);
        a.cmp(__dword_ptr[Arrived], ebp);
        a.jae(go);
        a.dec(ecx);
        a.jne(wait);
        a.@out(0x10, al);
        a.jmp(yield);
        a.Label(ref go);
        a.nop();
        body(a, number);
        a.add(ebp, vcpus);
        a.add(edi, 64);
        a.cmp(edi, Rounds * 64);
        a.jne(top);
        a.hlt();
    }
}
