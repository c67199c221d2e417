using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Finds the rule by which a descriptor refused: the first one broken, in the order in which the processor asks.</summary>
/// <remarks>Intel SDM Vol. 3A, "Protection", and Vol. 2, the exceptions of MOV, JMP, CALL, RET, IRET, LTR and LLDT.</remarks>
/// <param name="view">The processor.</param>
/// <param name="vector">The exception: 10 to 13.</param>
/// <param name="isExternal">Whether the error code has EXT set: the instruction did not ask for it.</param>
internal sealed class DescriptorRules(VcpuView view, int vector, bool isExternal)
{
    private const int RplMask = 3;

    /// <summary>Says why, in a sentence.</summary>
    public string Refusal(DescriptorRead read)
    {
        var descriptor = new DescriptorText(read, view.IsLong);
        if (!read.InTable)
        {
            return $"The table's limit is {LimitOf(read.Table):X}h.";
        }

        if (!read.Readable)
        {
            return "So nothing could be checked.";
        }

        Instruction instruction = view.Code.Length > 0 ? InstructionText.Decode(view.Code, view.Bits, view.General.Rip) : default;
        string? broken = read.Table is DescriptorTableKind.Idt ? OfGate(descriptor, instruction)
            : isExternal || vector == ExceptionNames.InvalidTss ? null
            : OfInstruction(descriptor, instruction);
        return broken
            ?? (!descriptor.IsPresent ? "P is 0: the segment or gate is not present."
            : isExternal ? "The event that was being delivered could not use it: type, privilege or presence do not fit."
            : "Type, privilege or limit do not fit what the instruction asks.");
    }

    private uint LimitOf(DescriptorTableKind table) => table switch
    {
        DescriptorTableKind.Gdt => view.Special.Gdt.Limit,
        DescriptorTableKind.Ldt => view.Special.Ldt.Unusable ? 0 : view.Special.Ldt.Limit,
        _ => view.Special.Idt.Limit,
    };

    private string? OfGate(DescriptorText gate, in Instruction instruction)
    {
        bool asked = !isExternal && instruction.Mnemonic is Mnemonic.Int or Mnemonic.Int3 or Mnemonic.Into;
        return !gate.IsEventGate ? $"It is a {gate.Kind}; an entry of the IDT must be {(view.IsLong ? "a 64-bit interrupt or trap gate" : "an interrupt, trap or task gate")}."
            : asked && gate.Dpl < view.Cpl ? $"DPL = {gate.Dpl} is less than CPL = {view.Cpl}: a program may call only gates whose DPL is not below its CPL."
            : null;
    }

    private string? OfInstruction(DescriptorText descriptor, in Instruction instruction)
    {
        int? selector = SelectorOf(instruction);
        int rpl = selector is { } value ? value & RplMask : view.Cpl;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov or Mnemonic.Pop or Mnemonic.Lss when instruction.Op0Register == Register.SS || instruction.Mnemonic == Mnemonic.Lss:
                return OfStack(descriptor, rpl);
            case Mnemonic.Mov or Mnemonic.Pop or Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs:
                return !descriptor.IsReadable ? $"It is {descriptor.Kind}; a data segment register takes data or readable code."
                    : !descriptor.IsConforming && (descriptor.Dpl < view.Cpl || descriptor.Dpl < rpl) ? $"DPL = {descriptor.Dpl} is less than the greater of CPL = {view.Cpl} and RPL = {rpl}: the segment is too privileged."
                    : null;
            case Mnemonic.Ltr:
                return !descriptor.IsTss ? $"It is {descriptor.Kind}; LTR takes an available TSS." : descriptor.IsBusy ? "The TSS is busy already; LTR takes an available one." : null;
            case Mnemonic.Lldt:
                return !descriptor.IsLdt ? $"It is {descriptor.Kind}; LLDT takes an LDT." : null;
            case Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq:
                return OfReturn(descriptor, rpl);
            default:
                return instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.Call or FlowControl.IndirectBranch or FlowControl.IndirectCall
                    ? OfFarTransfer(descriptor, rpl)
                    : null;
        }
    }

    private string? OfStack(DescriptorText descriptor, int rpl) =>
        rpl != view.Cpl ? $"RPL = {rpl} is not CPL = {view.Cpl}, as SS asks."
        : !descriptor.IsWritableData ? $"It is {descriptor.Kind}; SS takes writable data."
        : descriptor.Dpl != view.Cpl ? $"DPL = {descriptor.Dpl} is not CPL = {view.Cpl}, as SS asks."
        : null;

    private string? OfFarTransfer(DescriptorText descriptor, int rpl) =>
        descriptor.IsCallGate ? (descriptor.Dpl < view.Cpl || descriptor.Dpl < rpl ? $"The gate's DPL = {descriptor.Dpl} is less than the greater of CPL = {view.Cpl} and RPL = {rpl}." : null)
        : !descriptor.IsCode && !descriptor.IsTss ? $"It is {descriptor.Kind}; a far jump or call takes code, a call gate, a task gate or a TSS."
        : descriptor.IsConforming ? (descriptor.Dpl > view.Cpl ? $"Conforming code with DPL = {descriptor.Dpl} above CPL = {view.Cpl} may not be called." : null)
        : descriptor.IsCode && (descriptor.Dpl != view.Cpl || rpl > view.Cpl) ? $"DPL = {descriptor.Dpl} and RPL = {rpl}, but CPL = {view.Cpl}: without a gate DPL must be CPL, and RPL not above it."
        : null;

    private string? OfReturn(DescriptorText descriptor, int rpl) =>
        !descriptor.IsCode ? $"It is {descriptor.Kind}; CS takes code."
        : rpl < view.Cpl ? $"RPL = {rpl} is less than CPL = {view.Cpl}: a return never leads to more privilege."
        : !descriptor.IsConforming && descriptor.Dpl != rpl ? $"DPL = {descriptor.Dpl} is not the RPL = {rpl} of the selector on the stack."
        : null;

    // The error code hides the RPL: what the instruction names shows it.
    private int? SelectorOf(in Instruction instruction)
    {
        if (instruction.Mnemonic is Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq)
        {
            int size = view.Bits == 64 ? 8 : instruction.Mnemonic == Mnemonic.Iret || instruction.Code is Code.Retfw or Code.Retfw_imm16 ? 2 : 4;
            return view.Stack is { } stack && stack.Length >= size + 2 ? BitConverter.ToUInt16(stack, size) : null;
        }

        if (instruction.Op0Kind is OpKind.FarBranch16 or OpKind.FarBranch32)
        {
            return instruction.FarBranchSelector;
        }

        if (instruction.Mnemonic == Mnemonic.Pop)
        {
            return view.Stack is { Length: >= 2 } top ? BitConverter.ToUInt16(top) : null;
        }

        int operand = instruction.OpCount - 1;
        return operand >= 0 && instruction.GetOpKind(operand) == OpKind.Register ? (ushort)RegisterValues.Of(view, instruction.GetOpRegister(operand))
            : view.Operand is { Length: >= 2 } bytes && operand >= 0 && instruction.GetOpKind(operand) == OpKind.Memory ? FarSelector(instruction, bytes)
            : null;
    }

    // The selector of a far pointer lies behind its offset.
    private static int? FarSelector(in Instruction instruction, byte[] bytes)
    {
        bool isPointer = instruction.Mnemonic is Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss or Mnemonic.Jmp or Mnemonic.Call;
        int at = isPointer ? instruction.MemorySize.GetSize() - 2 : 0;
        return at >= 0 && at + 2 <= bytes.Length ? BitConverter.ToUInt16(bytes, at) : null;
    }
}
