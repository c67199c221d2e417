using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Concurrency;

/// <summary>Locked instructions of four vCPUs lose nothing.</summary>
public sealed class LockedAccessTests
{
    private const int Vcpus = 4;
    private const uint Rounds = 20_000;
    private const uint Counter = (uint)TestMachine.Data;

    public static TheoryData<string, uint> Cases
    {
        get
        {
            var data = new TheoryData<string, uint>();
            foreach (string kind in new[] { "xadd", "inc", "add", "cmpxchg", "xchg lock", "cmpxchg8b" })
            {
                data.Add(kind, Counter);
                data.Add(kind, Counter + 62); // crosses a cache line
                data.Add(kind, Counter + 0xFFE); // crosses a page
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Locked_ReadModifyWrite_CountsExactly(string kind, uint counter)
    {
        using TestMachine machine = TestMachine.Protected(a => Count(a, kind, counter));

        Crew.Run(machine, [.. Enumerable.Repeat(TestMachine.Code, Vcpus)]);

        uint rounds = counter == Counter ? Rounds : Rounds / 10;
        machine.Ram.Read<uint>(counter).Should().Be(rounds * Vcpus);
    }

    /// <summary>Beside code a plain store must race rightly with locked instructions: it releases the lock that XCHG takes.</summary>
    [Fact]
    public void Locked_OnACodePage_TakesAPlainStoreIntoAccount()
    {
        const uint Lock = (uint)TestMachine.Code + 0x800;
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Label top = a.CreateLabel();
            Label retry = a.CreateLabel();
            Label take = a.CreateLabel();
            a.mov(esi, Rounds);
            a.Label(ref top);
            a.jmp(take);
            a.Label(ref retry);
            a.@out(0x10, al);
            a.Label(ref take);
            a.mov(eax, 1);
            a.xchg(__dword_ptr[Lock], eax);
            a.test(eax, eax);
            a.jne(retry);
            a.inc(__dword_ptr[Lock + 4]);
            a.mov(__dword_ptr[Lock], 0);
            a.dec(esi);
            a.jne(top);
            a.hlt();
        });

        Crew.Run(machine, [.. Enumerable.Repeat(TestMachine.Code, Vcpus)]);

        machine.Ram.Read<uint>(Lock + 4).Should().Be(Rounds * Vcpus);
    }

    [Fact]
    public void Locked_ChangesCode_IsSeenAtOnce()
    {
        using TestMachine machine = TestMachine.Protected();

        // lock inc byte [1000h + 8]; mov eax, 1
        machine.Bytes(TestMachine.Code, 0xF0, 0xFE, 0x05, 0x08, 0x10, 0x00, 0x00, 0xB8, 0x01, 0, 0, 0, 0xF4);

        machine.RunToHalt();

        machine.Eax.Should().Be(2);
    }

    private static void Count(Assembler a, string kind, uint counter)
    {
        Label top = a.CreateLabel();
        Label retry = a.CreateLabel();
        Label take = a.CreateLabel();
        a.mov(esi, counter == Counter ? Rounds : Rounds / 10);
        a.Label(ref top);
        a.nop();
        switch (kind)
        {
            case "xadd":
                a.mov(eax, 1);
                a.@lock.xadd(__dword_ptr[counter], eax);
                break;
            case "inc":
                a.@lock.inc(__dword_ptr[counter]);
                break;
            case "add":
                a.@lock.add(__dword_ptr[counter], 1);
                break;
            case "cmpxchg":
                a.mov(eax, __dword_ptr[counter]);
                a.Label(ref retry);
                a.mov(edx, eax);
                a.inc(edx);
                a.@lock.cmpxchg(__dword_ptr[counter], edx);
                a.jne(retry);
                break;
            case "cmpxchg8b":
                a.mov(eax, __dword_ptr[counter]);
                a.mov(edx, __dword_ptr[counter + 4]);
                a.Label(ref retry);
                a.mov(ebx, eax);
                a.inc(ebx);
                a.mov(ecx, edx);
                a.@lock.cmpxchg8b(__qword_ptr[counter]);
                a.jne(retry);
                break;
            default:
                // A spin lock taken with XCHG, which locks without a prefix, around a plain increment.
                a.jmp(take);
                a.Label(ref retry);
                a.@out(0x10, al); // gives the host's processor to the owner
                a.Label(ref take);
                a.mov(eax, 1);
                a.xchg(__dword_ptr[counter + 0x100], eax);
                a.test(eax, eax);
                a.jne(retry);
                a.inc(__dword_ptr[counter]);
                a.mov(eax, 0);
                a.xchg(__dword_ptr[counter + 0x100], eax);
                break;
        }

        a.dec(esi);
        a.jne(top);
        a.hlt();
    }
}
