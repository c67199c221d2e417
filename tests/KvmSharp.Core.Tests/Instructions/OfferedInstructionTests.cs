using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Cpuid;
using KvmSharp.Engine;
using KvmSharp.Instructions;
using KvmSharp.Tests.Engine.RandomCode;

namespace KvmSharp.Tests.Instructions;

/// <summary>What CPUID offers is there: each instruction of random encodings finds its handler.</summary>
public unsafe class OfferedInstructionTests
{
    private const int Candidates = 300_000;

    public static TheoryData<string, int> ModelsAndBits
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (CpuModel model in CpuModel.All)
            {
                data.Add(model.Name, 16);
                data.Add(model.Name, 32);
                if (new CpuFeatures(model.Cpuid).Offers(CpuFeature.LongMode))
                {
                    data.Add(model.Name, 64);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ModelsAndBits))]
    public void Lower_OfferedInstruction_IsDefined(string model, int bits)
    {
        var features = new CpuFeatures(CpuModel.Find(model)!.Cpuid);
        var instructions = new RandomInstructions(new Random(bits));
        uint mode = CodeMode.Protected | (bits switch { 16 => 0, 32 => CodeMode.Code32 | CodeMode.Stack32, _ => CodeMode.Code64 | CodeMode.LongMode });
        var missing = new SortedDictionary<Code, string>();
        var seen = new HashSet<Code>();
        for (int i = 0; i < Candidates; i++)
        {
            Instruction instruction = instructions.Next(bits);
            if (!instruction.IsInvalid && features.TryFind(instruction, mode, out _))
            {
                seen.Add(instruction.Code);
                if (!IsThere(instruction, mode, features) && !AnswersForItself(instruction))
                {
                    missing[instruction.Code] = instruction.ToString();
                }
            }
        }

        missing.Should().BeEmpty();
        seen.Count.Should().BeGreaterThan(300, "candidates shall cover the instruction set");
    }

    // It has a handler, and what the handler calls.
    private static bool IsThere(in Instruction instruction, uint mode, CpuFeatures features)
    {
        var op = new MicroOp { Length = (byte)instruction.Length };
        byte* none = stackalloc byte[BlockBuilder.MaxInstructionBytes];
        var bytes = new CodeBytes();
        bytes.Begin(none, BlockBuilder.MaxInstructionBytes);
        var lowering = new Lowering
        {
            Instruction = instruction,
            Op = &op,
            Mode = mode,
            Table = InstructionSet.Table,
            Bytes = bytes,
            Features = features,
        };
        lowering.Lower();
        return !lowering.IsUndefined && (!CallsBody(op) || op.Body is not null);
    }

    private static bool CallsBody(in MicroOp op) => (nint)op.Handler == (nint)(delegate*<CpuContext*, MicroOp*, MicroOp*>)&GeneralShape.Continue
        || (nint)op.Handler == (nint)(delegate*<CpuContext*, MicroOp*, MicroOp*>)&GeneralShape.EndBlock
        || (nint)op.Handler == (nint)(delegate*<CpuContext*, MicroOp*, MicroOp*>)&GeneralShape.Transfer;

    // No model has VMX or SVM: each of their instructions is #UD.
    private static bool AnswersForItself(in Instruction instruction) =>
        instruction.CpuidFeatures is [CpuidFeature.VMX or CpuidFeature.SVM or CpuidFeature.SMM];
}
