using Iced.Intel;

namespace KvmSharp.Tests.Instructions;

public sealed class StringTests
{
    private const uint Zero = 0x40;
    private const uint Direction = 0x400;
    private const uint Source = 0x50000;
    private const uint Target = 0x60000;

    public static TheoryData<int, int, int, bool> Copies
    {
        get
        {
            var data = new TheoryData<int, int, int, bool>();
            foreach (int width in new[] { 1, 2, 4 })
            {
                foreach (int distance in new[] { 1, 2, 3, 4, 5, 7, 64, -1, -3, -64, 0, 5000 })
                {
                    data.Add(width, distance, 2500, false);
                    data.Add(width, distance, 300, true);
                }
            }

            return data;
        }
    }

    /// <summary>Overlap in every way, across pages: the result is that of copying element by element.</summary>
    /// <param name="width">Bytes of an element.</param>
    /// <param name="distance">Target minus source.</param>
    /// <param name="count">Elements.</param>
    /// <param name="backward">DF.</param>
    [Theory]
    [MemberData(nameof(Copies))]
    public void RepMovs_AnyOverlap_CopiesElementByElement(int width, int distance, int count, bool backward)
    {
        const int Around = 0x8000;
        const int Start = 0x3F85; // in the middle, aligned to nothing
        byte[] expected = Pattern(Around);
        using Guest guest = Guest.Flat(c => Rep(c, 0xA4, width));
        guest.Memory.Write(Source, expected);
        int step = backward ? -width : width;
        for (int i = 0; i < count; i++)
        {
            expected.AsSpan(Start + (i * step), width).ToArray().CopyTo(expected, Start + distance + (i * step));
        }

        guest.With(r => r with
        {
            Rsi = Source + Start,
            Rdi = (ulong)(Source + Start + distance),
            Rcx = (uint)count,
            Rflags = backward ? Direction | 2 : 2,
        });
        GeneralRegisters after = guest.Run((ulong)count).Registers;
        guest.Bytes(Source, Around).Should().Equal(expected);
        (after.Rcx, after.Rsi, after.Rip).Should().Be((0UL, (ulong)(Source + Start + (count * step)), Guest.Code + (width == 2 ? 3UL : 2)));
        guest.Cpu.InstructionsRetired.Should().Be((ulong)count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void RepStos_AcrossPages_FillsExactly(int width)
    {
        const int Count = 5000;
        const uint Start = Target + 3;
        using Guest guest = Guest.Flat(c => Rep(c, 0xAA, width));
        guest.With(r => r with { Rdi = Start, Rcx = Count, Rax = 0x4433_2211 }).Run(Count).Registers.Rcx.Should().Be(0);
        byte[] element = [0x11, 0x22, 0x33, 0x44];
        byte[] expected = [0, .. Enumerable.Range(0, Count * width).Select(i => element[i % width]), 0];
        guest.Bytes(Start - 1, expected.Length).Should().Equal(expected);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(999)]
    [InlineData(1000)]
    public void RepMovs_BudgetSpent_StopsThereAndGoesOnLater(int budget)
    {
        const int Count = 3000;
        using Guest guest = Guest.Flat(c => Rep(c, 0xA4, 4));
        byte[] bytes = Pattern(4 * Count);
        guest.Memory.Write(Source, bytes);
        GeneralRegisters after = guest.With(r => r with { Rsi = Source, Rdi = Target, Rcx = Count }).Run((ulong)budget).Registers;
        (after.Rcx, after.Rip).Should().Be(((ulong)(Count - budget), (ulong)Guest.Code));
        guest.Cpu.InstructionsRetired.Should().Be((ulong)budget);
        guest.Memory.Read<uint>((uint)(Target + (4 * budget))).Should().Be(0, "nothing is copied ahead of the budget");
        guest.Run((ulong)(Count - budget)).Registers.Rip.Should().Be(Guest.Code + 2);
        guest.Bytes(Target, bytes.Length).Should().Equal(bytes);
    }

    [Fact]
    public void Rep_CountZero_CountsOneInstructionAndDoesNothing()
    {
        using Guest guest = Guest.Flat(c => Rep(c, 0xAC, 1)); // lodsb
        GeneralRegisters before = guest.With(r => r with { Rax = 0x99, Rsi = 0xFFFF_0000 }).Registers;
        guest.Run().Registers.Should().Be(before with { Rip = Guest.Code + 2 });
    }

    [Fact]
    public void Rep_16BitAddresses_ChangeTheLowHalvesOnly()
    {
        using Guest guest = Guest.Flat(c => c.db(0x67, 0xF3, 0xA4)); // rep movsb with SI, DI, CX
        guest.Put(0xFFFF, 0x12).Put(0, 0x34);
        GeneralRegisters after = guest.With(r => r with { Rsi = 0x1111_FFFF, Rdi = 0x2222_9000, Rcx = 0x3333_0002 }).Run(2).Registers;
        (after.Rsi, after.Rdi, after.Rcx).Should().Be((0x1111_0001UL, 0x2222_9002UL, 0x3333_0000UL));
        guest.Bytes(0x9000, 2).Should().Equal(0x12, 0x34);
    }

    [Fact]
    public void RepMovs_FaultInTheMiddle_KeepsWhatIsDoneAndCanBeRestarted()
    {
        const uint MissingPage = Target + 0x2000;
        const int Count = 0x3000 / 4;
        using Guest guest = Guest.Flat(c => Rep(c, 0xA4, 4));
        byte[] bytes = Pattern(4 * Count);
        guest.Memory.Write(Source, bytes);
        guest.Map(MissingPage, 0);
        GeneralRegisters before = guest.With(r => r with { Rsi = Source, Rdi = Target, Rcx = Count }).Registers;
        guest.Run((0x2000 / 4) + 1);
        GeneralRegisters expected = before with { Rsi = Source + 0x2000, Rdi = MissingPage, Rcx = 0x1000 / 4 };
        guest.ShouldHaveFaulted(14, expected);
        guest.Map(MissingPage, 3);
        guest.With(_ => expected).Run(0x1000 / 4);
        guest.Bytes(Target, bytes.Length).Should().Equal(bytes);
    }

    [Theory]
    [InlineData(0xF2, 700, 701)] // REPNE SCASB: the byte is found there
    [InlineData(0xF2, -1, 9000)] // nowhere
    [InlineData(0xF2, 4096, 4097)]
    public void RepneScas_Search_StopsBehindTheMatch(byte prefix, int at, int scanned)
    {
        using Guest guest = Guest.Flat(c => c.db(prefix, 0xAE));
        if (at >= 0)
        {
            guest.Put((uint)(Target + at), 0x77);
        }

        GeneralRegisters after = guest.With(r => r with { Rdi = Target, Rcx = 9000, Rax = 0x77 }).Run((ulong)scanned).Registers;
        (after.Rdi, after.Rcx, after.Rip).Should().Be(((ulong)(Target + scanned), (ulong)(9000 - scanned), Guest.Code + 2UL));
        (after.Rflags & Zero).Should().Be(at >= 0 ? Zero : 0);
    }

    [Theory]
    [InlineData(1, 5000)]
    [InlineData(2, 2047)]
    [InlineData(4, 3)]
    public void RepeCmps_FirstDifference_SetsTheFlagsOfThatPair(int width, int at)
    {
        using Guest guest = Guest.Flat(c => Rep(c, 0xA6, width));
        guest.Put((uint)(Source + (at * width)), 1).Put((uint)(Target + (at * width)), 2);
        GeneralRegisters after = guest.With(r => r with { Rsi = Source, Rdi = Target, Rcx = 6000 }).Run((ulong)at + 1).Registers;
        (after.Rsi, after.Rcx).Should().Be(((ulong)(Source + ((at + 1) * width)), (ulong)(6000 - at - 1)));
        (after.Rflags & 0x8D5).Should().Be(0x95, "1 - 2 borrows: CF, AF, SF, and FFh has even parity");
    }

    [Fact]
    public void RepeScas_FaultBehindSomeMatches_RestoresTheFlags()
    {
        const uint MissingPage = Target + 0x1000;
        using Guest guest = Guest.Flat(c => c.db(0xF3, 0xAE)); // repe scasb
        guest.Map(MissingPage, 0);
        guest.With(r => r with { Rdi = MissingPage - 2, Rcx = 5, Rax = 0, Rflags = 0x8D5 & ~Zero | 2 }).Run(3);
        guest.Vector.Should().Be(14);
        uint frame = (uint)guest.Registers.Rsp;
        (guest.Memory.Read<uint>(frame + 12) & 0x8D5).Should().Be(0x8D5 & ~Zero);
        guest.Registers.Rcx.Should().Be(3);
    }

    [Fact]
    public void Movs_SegmentOverride_AppliesToTheSourceAlone()
    {
        using Guest guest = Guest.Real(c => c.db(0x36, 0xA5)); // movsw, source in SS
        guest.Put(Guest.StackTop + 0x10, 0x34, 0x12).With(r => r with { Rsi = 0x10, Rdi = 0x20 }).Run();
        guest.Memory.Read<ushort>(Guest.Data + 0x20).Should().Be(0x1234);
    }

    [Fact]
    public void RepStos_OverTheInstructionBehindIt_RunsTheNewBytes()
    {
        using Guest guest = Guest.Flat(c => c.db(0xF3, 0xAA, 0x40, 0x40, 0x40)); // rep stosb; inc eax three times
        GeneralRegisters after = guest.With(r => r with { Rdi = Guest.Code + 2, Rcx = 3, Rax = 0x43 }).Run(6).Registers;
        (after.Rax, after.Rbx).Should().Be((0x43UL, 3UL)); // inc ebx is 43h
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Direction)]
    public void Rep_UpperCanonicalHalf_GoesThroughBothAddressSpaces(uint direction)
    {
        const int Count = 1500; // quadwords, three pages
        const ulong High = KvmSharp.Tests.Guest.LongGuest.High;
        using var guest = new KvmSharp.Tests.Guest.LongGuest();
        byte[] bytes = Pattern(8 * Count);
        guest.Memory.Write(Source, bytes);
        uint last = direction == 0 ? 0 : 8 * (Count - 1U);
        guest.Assemble(c => c.db(0xF3, 0x48, 0xA5, 0x48, 0x29, 0xD7, 0x48, 0x29, 0xD6, 0x4C, 0x89, 0xC1, 0xF3, 0x48, 0xA7)); // rep movsq; sub rdi, rdx; sub rsi, rdx; mov rcx, r8; repe cmpsq
        ulong back = unchecked((ulong)(direction == 0 ? 8L * Count : -8L * Count));
        guest.Registers = guest.Registers with { Rsi = High + Source + last, Rdi = High + Target + last, Rcx = Count, R8 = Count, Rdx = back, Rflags = 2 | direction };

        guest.Cpu.Run((2 * Count) + 3);

        byte[] copied = new byte[bytes.Length];
        guest.Memory.Read(Target, copied);
        copied.Should().Equal(bytes);
        GeneralRegisters after = guest.Registers;
        (after.Rcx, after.Rip, after.Rsi, after.Rdi).Should().Be((0UL, KvmSharp.Tests.Guest.LongGuest.Code + 15UL, High + Source + last + back, High + Target + last + back));
        (after.Rflags & Zero).Should().Be(Zero);
    }

    [Fact]
    public void RepStos_IntoTheHole_FaultsAtTheFirstAddressThatIsNotCanonical()
    {
        using var guest = new KvmSharp.Tests.Guest.LongGuest();
        guest.Assemble(c => c.db(0xF3, 0x48, 0xAB)); // rep stosq, downwards out of the upper half
        guest.Registers = guest.Registers with { Rdi = KvmSharp.Tests.Guest.LongGuest.High + 0x18, Rax = 0, Rcx = 10, Rflags = 2 | Direction };

        guest.Cpu.Run(5);

        (guest.Registers.Rcx, guest.Registers.Rdi).Should().Be((6UL, KvmSharp.Tests.Guest.LongGuest.High - 8));
        guest.StackItem(0).Should().Be(0, "the error code of #GP");
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 7) + (i >> 8)))];

    private static void Rep(Assembler c, byte byteOpcode, int width)
    {
        switch (width)
        {
            case 1:
                c.db(0xF3, byteOpcode);
                break;
            case 2:
                c.db(0x66, 0xF3, (byte)(byteOpcode | 1));
                break;
            default:
                c.db(0xF3, (byte)(byteOpcode | 1));
                break;
        }
    }
}
