using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Engine;

/// <summary>Code that is written again and again, of which the engine keeps its blocks: what runs is what the bytes say.</summary>
public sealed class ChangingCodeTests
{
    private const uint Function = 0x2000;
    private const int Passes = 40;

    // Operations on EAX with an immediate of 32 bits: ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, MOV.
    private static readonly byte[] Operations = [0x05, 0x0D, 0x15, 0x1D, 0x25, 0x2D, 0x35, 0x3D, 0xA9, 0xB8];

    [Fact]
    public void Patching_TheImmediateOfAFunction_DecodesNothingAnew()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.mov(ecx, 1000);
            a.Label(ref top);
            a.mov(__dword_ptr[Function + 1], ecx);
            a.call(Function);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });
        machine.Bytes(Function, 0x05, 0, 0, 0, 0, 0xC3); // add eax, imm32; ret

        machine.RunToHalt();

        machine.Eax.Should().Be(500_500);
        machine.Cpu.Statistics.BlocksDecoded.Should().BeLessThan(20);
    }

    [Fact]
    public void Patching_TheOperationOfAFunction_RunsEach()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.mov(ecx, Passes);
            a.Label(ref top);
            a.mov(__byte_ptr[Function], 0x05); // add eax, 100h
            a.call(Function);
            a.mov(__byte_ptr[Function], 0x2D); // sub eax, 100h
            a.call(Function);
            a.mov(__byte_ptr[Function], 0x05);
            a.call(Function);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });
        machine.Bytes(Function, 0x05, 0, 1, 0, 0, 0xC3);

        machine.RunToHalt();

        machine.Eax.Should().Be(Passes * 0x100);
    }

    [Fact]
    public void Patching_TheLengthOfInstructions_RunsTheOthersThatFollow()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.mov(ecx, Passes);
            a.Label(ref top);
            a.mov(__byte_ptr[Function], 0x90); // nop; and what was the immediate: inc ebx four times
            a.call(Function);
            a.mov(__byte_ptr[Function], 0x05); // add eax, 43434343h
            a.call(Function);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });
        machine.Bytes(Function, 0x05, 0x43, 0x43, 0x43, 0x43, 0xC3);

        machine.RunToHalt();

        machine.Registers.Rbx.Should().Be(4 * Passes);
        machine.Eax.Should().Be(unchecked((uint)Passes * 0x43434343));
    }

    [Fact]
    public void Patching_ALaterReaderOfFlags_ShowsThoseOfWhatCameBefore()
    {
        // add ebx, ebx; then CMP eax, imm32, which hides its carry, or ADC eax, imm32, which adds it.
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.mov(ecx, Passes);
            a.Label(ref top);
            a.mov(ebx, 0x80000000);
            a.mov(__byte_ptr[Function + 2], 0x3D);
            a.call(Function);
            a.mov(ebx, 0x80000000);
            a.mov(__byte_ptr[Function + 2], 0x15);
            a.call(Function);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });
        machine.Bytes(Function, 0x01, 0xDB, 0x3D, 0, 0, 0, 0, 0xC3);

        machine.RunToHalt();

        machine.Eax.Should().Be(Passes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Random_StoresIntoTheLoopThatRuns_EndAsInSingleSteps(int seed)
    {
        byte[] code = RandomLoop(new Random(seed));
        using TestMachine machine = TestMachine.Protected();
        using TestMachine stepped = TestMachine.Protected();
        machine.Bytes(TestMachine.Code, code);
        stepped.Bytes(TestMachine.Code, code);
        const int Instructions = 5000;

        machine.Cpu.Run(Instructions);
        for (int i = 0; i < Instructions; i++)
        {
            stepped.Cpu.Run(1);
        }

        machine.Registers.Should().Be(stepped.Registers);
        machine.Cpu.InstructionsRetired.Should().Be(stepped.Cpu.InstructionsRetired);
    }

    // Operations on EAX and stores of parts of EAX and EDX, of constants and of other operations anywhere over them, without an end.
    private static byte[] RandomLoop(Random random)
    {
        var code = new List<byte>();
        var operations = new List<uint>();
        var stores = new List<(int At, int Kind)>();
        for (int i = 0; i < 24; i++)
        {
            if (random.Next(3) != 0)
            {
                operations.Add((uint)(TestMachine.Code + (ulong)code.Count));
                code.Add(Operations[random.Next(Operations.Length)]);
                code.AddRange(BitConverter.GetBytes(random.Next()));
            }
            else
            {
                int kind = random.Next(4);
                code.AddRange(kind switch
                {
                    0 => [0xA3],             // mov [to], eax: an immediate
                    1 => [0x88, 0x15],       // mov [to], dl: a byte of an immediate
                    2 => [0xC6, 0x05],       // mov byte [to], an operation
                    _ => [0x66, 0xC7, 0x05], // mov word [to], an operation and the first byte of its immediate
                });
                stores.Add((code.Count, kind));
                code.AddRange(new byte[4]);
                byte operation = Operations[random.Next(Operations.Length)];
                code.AddRange(kind switch { 2 => [operation], 3 => [operation, (byte)random.Next(256)], _ => Array.Empty<byte>() });
            }

            code.AddRange([0x11, 0xC2]); // adc edx, eax
        }

        code.AddRange([0xE9, .. BitConverter.GetBytes(-(code.Count + 5))]);
        byte[] bytes = [.. code];
        foreach ((int at, int kind) in stores)
        {
            uint target = operations[random.Next(operations.Count)];
            BitConverter.GetBytes(kind switch { 0 => target + 1, 1 => target + 1 + (uint)random.Next(4), _ => target }).CopyTo(bytes, at);
        }

        return bytes;
    }
}
