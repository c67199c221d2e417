using BenchmarkDotNet.Attributes;

namespace KvmSharp.Benchmarks;

/// <summary>Guest instructions a second on a sieve of Eratosthenes: the time of one run over the instructions it retires.</summary>
[MemoryDiagnoser]
public class SieveBenchmark
{
    /// <summary>Instructions that each invocation retires: the time that is shown is for one of them.</summary>
    private const int Instructions = 10_000_000;

    // Sieve of 64 KiB of byte flags at 20000h, for ever; 10000h is the size, EDI the base.
    //   mov edi, 20000h
    // again:  xor eax, eax; mov ecx, 10000h
    // clear:  mov byte [edi+ecx-1], 1; dec ecx; jnz clear
    //   mov esi, 2
    // outer:  cmp byte [edi+esi], 0; je next
    //   lea edx, [esi+esi]
    // inner:  cmp edx, 10000h; jae next
    //   mov byte [edi+edx], 0; add edx, esi; jmp inner
    // next:   inc esi; cmp esi, 10000h; jb outer; jmp again
    private static readonly byte[] Code =
    [
        0xBF, 0x00, 0x00, 0x02, 0x00,
        0x31, 0xC0, 0xB9, 0x00, 0x00, 0x01, 0x00,
        0xC6, 0x44, 0x0F, 0xFF, 0x01, 0x49, 0x75, 0xF8,
        0xBE, 0x02, 0x00, 0x00, 0x00,
        0x80, 0x3C, 0x37, 0x00, 0x74, 0x13,
        0x8D, 0x14, 0x36,
        0x81, 0xFA, 0x00, 0x00, 0x01, 0x00, 0x73, 0x08,
        0xC6, 0x04, 0x17, 0x00, 0x01, 0xF2, 0xEB, 0xF0,
        0x46, 0x81, 0xFE, 0x00, 0x00, 0x01, 0x00, 0x72, 0xDE, 0xEB, 0xC8,
    ];

    private BenchGuest _guest = null!;

    [GlobalSetup]
    public void Setup() => _guest = new BenchGuest(0x10_0000, Code);

    [GlobalCleanup]
    public void Cleanup() => _guest.Dispose();

    [Benchmark(OperationsPerInvoke = Instructions)]
    public VmExit GuestInstruction() => _guest.Cpu.Run(Instructions);
}
