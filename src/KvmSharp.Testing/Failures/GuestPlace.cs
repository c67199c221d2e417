using System.Globalization;
using Iced.Intel;
using KvmSharp.Machines;
using Decoder = Iced.Intel.Decoder;

namespace KvmSharp.Testing;

/// <summary>Says in words where a processor is.</summary>
internal static class GuestPlace
{
    private const ulong ProtectionEnable = 1; // CR0.PE
    private const ulong LongModeActive = 1 << 10; // EFER.LMA
    private const int LongestInstruction = 15;

    /// <summary>Describes a place: the processor, CS:RIP, the symbol, the mode, the instruction that comes next.</summary>
    /// <param name="vcpu">The processor, standing still.</param>
    /// <param name="machine">Its machine.</param>
    /// <param name="symbols">Names of linear addresses, if there are any.</param>
    public static string Describe(VirtualCpu vcpu, GuestMachine machine, SymbolTable? symbols)
    {
        SpecialRegisters special = vcpu.GetSpecialRegisters();
        ulong rip = vcpu.GetRegisters().Rip;
        int bits = special.Cs.LongMode ? 64 : special.Cs.DefaultBig ? 32 : 16;
        string mode = (special.Cr0 & ProtectionEnable) == 0 ? "real mode" : (special.Efer & LongModeActive) == 0 ? "protected mode" : "long mode";
        string halted = vcpu.MpState == MpState.Halted ? ", halted" : string.Empty;
        string symbol = symbols?.Describe(special.Cs.Base + rip) is { } name ? $" {name}" : string.Empty;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"vCPU {vcpu.Id}: {special.Cs.Selector:X4}:{rip:X8}{symbol}, {bits}-bit {mode}{halted}, next {NextInstruction(vcpu, machine, special.Cs.Base + rip, rip, bits)}");
    }

    private static string NextInstruction(VirtualCpu vcpu, GuestMachine machine, ulong linear, ulong rip, int bits)
    {
        var bytes = new byte[LongestInstruction];
        int count = 0;
        while (count < bytes.Length && vcpu.Translate(linear + (ulong)count) is { IsValid: true } found && machine.Memory.TryRead(found.PhysicalAddress, bytes.AsSpan(count, 1)))
        {
            count++;
        }

        Decoder decoder = Decoder.Create(bits, bytes[..count], rip);
        Instruction instruction = decoder.Decode();
        if (instruction.IsInvalid)
        {
            return count == 0 ? "no memory" : $"no instruction ({Convert.ToHexString(bytes, 0, count)})";
        }

        var output = new StringOutput();
        new NasmFormatter().Format(instruction, output);
        return output.ToStringAndReset();
    }
}
