using Iced.Intel;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Segmentation;

/// <summary>Loads of one descriptor again and again, which the engine remembers, and blocks that go on behind them.</summary>
public class RepeatedLoadTests
{
    private const int Rounds = 20;
    private const uint TypeByte = ProtectedGuest.Gdt + ProtectedGuest.Free + 5;

    public static TheoryData<EngineKind, byte, int> Changes => new()
    {
        { EngineKind.Interpreter, 0x12, 11 }, // not present
        { EngineKind.Interpreter, 0x98, 13 }, // execute-only
        { EngineKind.Translator, 0x12, 11 },
        { EngineKind.Translator, 0x98, 13 },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void MovDs_DescriptorChangedBehindTheLoads_IsJudgedAnew(EngineKind engine, byte type, int vector)
    {
        using var guest = new ProtectedGuest(engine: engine);
        guest.SetDescriptor(ProtectedGuest.Free, Descriptors.Flat(Descriptors.Data0));

        guest.RunToHandler(a =>
        {
            a.mov(eax, ProtectedGuest.Free);
            Loop(a, () => a.mov(ds, eax));
            a.mov(__byte_ptr.es[TypeByte], type);
            a.mov(ds, eax);
        }).Should().Be(vector);

        guest.StackItem(0).Should().Be(ProtectedGuest.Free);
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void MovDs_AnotherBaseInTheMiddleOfABlock_TheNextAccessUsesIt(EngineKind engine)
    {
        using var guest = new ProtectedGuest(engine: engine);
        guest.SetDescriptor(ProtectedGuest.Free, Descriptors.Segment(0x100, 0xFFFF, Descriptors.Data0, 0x4));
        guest.Vm.Memory.Write(0x5000, 1u);
        guest.Vm.Memory.Write(0x5100, 1000u);

        guest.Run(a =>
        {
            a.mov(edx, ProtectedGuest.Data0);
            a.mov(ebx, ProtectedGuest.Free);
            a.xor(esi, esi);
            Loop(a, () =>
            {
                a.mov(ds, edx);
                a.add(esi, __dword_ptr[0x5000]);
                a.mov(ds, ebx);
                a.add(esi, __dword_ptr[0x5000]);
            });
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);

        (guest.Registers.Rsi, guest.Cpu.InstructionsRetired).Should().Be((1001ul * Rounds, 4ul + (6 * Rounds) + 1));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Int_GateChangedBehindManyCalls_IsReadAnew(EngineKind engine)
    {
        using var guest = new ProtectedGuest(cpl: 3, engine);
        guest.SetGate(0x80, Descriptors.InterruptGate(ProtectedGuest.Code0, ProtectedGuest.Target, dpl: 3));
        guest.Assemble(
            a =>
            {
                a.inc(ebx);
                a.cmp(ebx, Rounds);
                Label more = a.CreateLabel();
                a.jne(more);
                a.mov(__byte_ptr.ss[ProtectedGuest.Idt + (0x80 * 8) + 5], 0x8E); // DPL 0
                a.Label(ref more);
                a.iretd();
            },
            ProtectedGuest.Target);

        guest.RunToHandler(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.@int(0x80);
            a.jmp(top);
        }).Should().Be(13);

        (guest.Registers.Rbx, guest.StackItem(0)).Should().Be(((ulong)Rounds, (0x80u * 8) | 2));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Iret_FromAFault_LeavesNoResumeFlagForTheNextEvent(EngineKind engine)
    {
        using var guest = new ProtectedGuest(engine: engine);
        guest.SetGate(6, Descriptors.InterruptGate(ProtectedGuest.Code0, ProtectedGuest.Target));
        guest.SetGate(0x80, Descriptors.InterruptGate(ProtectedGuest.Code0, ProtectedGuest.Target + 0x100));
        guest.Assemble(
            a =>
            {
                a.or(edi, __dword_ptr[esp + 8]);
                a.add(__dword_ptr[esp], 2);
                a.iretd();
            },
            ProtectedGuest.Target);
        guest.Assemble(
            a =>
            {
                a.or(ebx, __dword_ptr[esp + 8]);
                a.iretd();
            },
            ProtectedGuest.Target + 0x100);

        guest.Run(a =>
        {
            a.xor(ebx, ebx);
            a.xor(edi, edi);
            Loop(a, () =>
            {
                a.ud2();
                a.@int(0x80);
            });
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);

        const ulong Resume = 1 << 16;
        (guest.Registers.Rdi & Resume).Should().Be(Resume);
        (guest.Registers.Rbx & Resume).Should().Be(0);
        (guest.Registers.Rflags & Resume).Should().Be(0);
    }

    private static void Loop(Assembler a, Action body)
    {
        Label top = a.CreateLabel();
        a.mov(ecx, Rounds);
        a.Label(ref top);
        body();
        a.dec(ecx);
        a.jnz(top);
    }
}
