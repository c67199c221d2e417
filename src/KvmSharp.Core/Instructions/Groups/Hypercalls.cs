using System.Buffers.Binary;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;

namespace KvmSharp.Instructions.Groups;

/// <summary>VMCALL and VMMCALL: calls to the embedder when it takes them, else #UD as on a processor without virtualization.</summary>
/// <remarks>
/// The registers are those of KVM's hypercalls (Linux, Documentation/virt/kvm/x86/hypercalls.rst): number in RAX, arguments in RBX,
/// RCX, RDX and RSI, result in RAX; 32 bits of each outside 64-bit mode. Only privilege level 0 may call.
/// </remarks>
internal static unsafe class Hypercalls
{
    private const int Arguments = 4;
    private const long NoSuchCall = -1000; // KVM_ENOSYS
    private const long NotPermitted = -1; // KVM_EPERM

    public static void Register(LoweringTable table)
    {
        table.AddEndingBlock(Mnemonic.Vmcall, &Call);
        table.AddEndingBlock(Mnemonic.Vmmcall, &Call);
    }

    private static bool Call(CpuContext* cpu, MicroOp* op)
    {
        VcpuEngine engine = cpu->Engine;
        if (!engine.Machine.HypercallExits)
        {
            return Faults.InvalidOpcode(cpu);
        }

        ref GeneralRegisterFile registers = ref cpu->State.General;
        ulong mask = (cpu->Mode & CodeMode.Code64) != 0 ? ulong.MaxValue : uint.MaxValue;
        if (cpu->Cpl != 0)
        {
            registers[GeneralRegisterFile.Rax] = unchecked((ulong)NotPermitted) & mask;
            return true;
        }

        Span<byte> data = stackalloc byte[(1 + Arguments) * sizeof(ulong)];
        BinaryPrimitives.WriteInt64LittleEndian(data, NoSuchCall);
        ReadOnlySpan<int> order = [GeneralRegisterFile.Rbx, GeneralRegisterFile.Rcx, GeneralRegisterFile.Rdx, GeneralRegisterFile.Rsi];
        for (int i = 0; i < Arguments; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data[((1 + i) * sizeof(ulong))..], registers[order[i]] & mask);
        }

        if (!engine.Devices.TryHypercall(registers[GeneralRegisterFile.Rax] & mask, data))
        {
            return false;
        }

        registers[GeneralRegisterFile.Rax] = BinaryPrimitives.ReadUInt64LittleEndian(data) & mask;
        return true;
    }
}
