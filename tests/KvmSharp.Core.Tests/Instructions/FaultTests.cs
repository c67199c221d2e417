using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

/// <summary>A fault leaves registers and memory as they were, whatever the shape.</summary>
public sealed class FaultTests
{
    private const uint ReadOnlyPage = 0x40000;
    private const uint MissingPage = 0x41000;
    private const uint Filling = 0x8070_6050;

    public static TheoryData<string> StoringForms => new(Forms.Keys);

    private static Dictionary<string, Action<Assembler>> Forms { get; } = new()
    {
        ["mov"] = c => c.mov(__dword_ptr[ReadOnlyPage], eax),
        ["add"] = c => c.add(__dword_ptr[ReadOnlyPage], eax),
        ["lock add"] = c => c.@lock.add(__dword_ptr[ReadOnlyPage], eax),
        ["inc"] = c => c.inc(__dword_ptr[ReadOnlyPage]),
        ["lock neg"] = c => c.@lock.neg(__dword_ptr[ReadOnlyPage]),
        ["shl"] = c => c.shl(__dword_ptr[ReadOnlyPage], 3),
        ["shrd"] = c => c.shrd(__dword_ptr[ReadOnlyPage], eax, 3),
        ["setcc"] = c => c.setne(__byte_ptr[ReadOnlyPage]),
        ["bts"] = c => c.bts(__dword_ptr[ReadOnlyPage], eax),
        ["lock btc"] = c => c.@lock.btc(__dword_ptr[ReadOnlyPage], eax),
        ["xchg"] = c => c.xchg(__dword_ptr[ReadOnlyPage], eax),
        ["xadd"] = c => c.xadd(__dword_ptr[ReadOnlyPage], eax),
        ["cmpxchg, no match"] = c => c.cmpxchg(__dword_ptr[ReadOnlyPage], ecx),
        ["cmpxchg8b, no match"] = c => c.cmpxchg8b(__qword_ptr[ReadOnlyPage]),
        ["pop"] = c => c.pop(__dword_ptr[ReadOnlyPage]),
        ["stosd"] = c => c.stosd(),
        ["fnstcw"] = c => c.fnstcw(__word_ptr[ReadOnlyPage]),
    };

    [Theory]
    [MemberData(nameof(StoringForms))]
    public void Store_ReadOnlyPage_RaisesPageFaultAndChangesNothing(string form)
    {
        using Guest guest = Guest.Flat(Forms[form]);
        guest.Map(ReadOnlyPage, 1);
        guest.Memory.Write(ReadOnlyPage, Filling);
        GeneralRegisters before = guest.With(r => r with { Rax = 1, Rcx = 2, Rdx = 3, Rbx = 4, Rdi = ReadOnlyPage }).Registers;
        guest.Run().ShouldHaveFaulted(14, before);
        guest.Cpu.GetSpecialRegisters().Cr2.Should().Be(ReadOnlyPage);
        guest.Memory.Read<uint>(ReadOnlyPage).Should().Be(Filling);
        guest.Memory.Read<uint>((uint)guest.Registers.Rsp).Should().Be(3, "the page is present and the access is a write");
    }

    [Fact]
    public void ConditionalMove_FalseConditionAndMissingPage_StillFaults()
    {
        using Guest guest = Guest.Flat(c => c.cmove(eax, __dword_ptr[MissingPage]));
        guest.Map(MissingPage, 0);
        GeneralRegisters before = guest.Registers;
        guest.Run().ShouldHaveFaulted(14, before);
    }

    [Fact]
    public void ReadModifyWrite_StraddlingIntoAReadOnlyPage_StoresNothing()
    {
        using Guest guest = Guest.Flat(c => c.add(__dword_ptr[ReadOnlyPage - 2], -1));
        guest.Map(ReadOnlyPage, 1);
        GeneralRegisters before = guest.Registers;
        guest.Run().ShouldHaveFaulted(14, before);
        guest.Memory.Read<ushort>(ReadOnlyPage - 2).Should().Be(0);
    }

    [Fact]
    public void FaultInTheMiddleOfABlock_InstructionsBefore_AreCommitted()
    {
        using Guest guest = Guest.Flat(c =>
        {
            c.inc(eax);
            c.push(eax);
            c.mov(ebx, __dword_ptr[MissingPage]);
            c.inc(eax);
        });
        guest.Map(MissingPage, 0);
        GeneralRegisters after = guest.Run(3).Registers;
        guest.Vector.Should().Be(14);
        (after.Rax, after.Rsp).Should().Be((1UL, Guest.StackTop - 4 - 16UL));
        guest.Cpu.InstructionsRetired.Should().Be(3, "the faulting instruction counts none, its exception one");
    }

    [Fact]
    public void InstructionOf16Bytes_RaisesGeneralProtection()
    {
        using Guest guest = Guest.Flat(c => c.db(0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x01, 0xC0));
        GeneralRegisters before = guest.Registers;
        guest.Run().ShouldHaveFaulted(13, before);
    }
}
