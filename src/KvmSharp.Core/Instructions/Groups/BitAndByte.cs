using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Operations;
using KvmSharp.Operations.Conditions;

namespace KvmSharp.Instructions.Groups;

/// <summary>Bit tests and scans, TEST, and SETcc.</summary>
internal static unsafe class BitAndByte
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Test, &BinaryShape.Lower<Test>);
        table.Add(Mnemonic.Bt, &BitTestShape.Lower<Bt>);
        table.Add(Mnemonic.Bts, &BitTestShape.Lower<Bts>);
        table.Add(Mnemonic.Btr, &BitTestShape.Lower<Btr>);
        table.Add(Mnemonic.Btc, &BitTestShape.Lower<Btc>);
        table.Add(Mnemonic.Bsf, &BitScanShape.Lower<Bsf>);
        table.Add(Mnemonic.Bsr, &BitScanShape.Lower<Bsr>);
        RegisterSets(table);
    }

    private static void RegisterSets(LoweringTable table)
    {
        table.Add(Mnemonic.Seto, &ConditionShape.LowerSet<Overflow>);
        table.Add(Mnemonic.Setno, &ConditionShape.LowerSet<NotOverflow>);
        table.Add(Mnemonic.Setb, &ConditionShape.LowerSet<Below>);
        table.Add(Mnemonic.Setae, &ConditionShape.LowerSet<AboveOrEqual>);
        table.Add(Mnemonic.Sete, &ConditionShape.LowerSet<Equal>);
        table.Add(Mnemonic.Setne, &ConditionShape.LowerSet<NotEqual>);
        table.Add(Mnemonic.Setbe, &ConditionShape.LowerSet<BelowOrEqual>);
        table.Add(Mnemonic.Seta, &ConditionShape.LowerSet<Above>);
        table.Add(Mnemonic.Sets, &ConditionShape.LowerSet<Sign>);
        table.Add(Mnemonic.Setns, &ConditionShape.LowerSet<NotSign>);
        table.Add(Mnemonic.Setp, &ConditionShape.LowerSet<Parity>);
        table.Add(Mnemonic.Setnp, &ConditionShape.LowerSet<NotParity>);
        table.Add(Mnemonic.Setl, &ConditionShape.LowerSet<Less>);
        table.Add(Mnemonic.Setge, &ConditionShape.LowerSet<GreaterOrEqual>);
        table.Add(Mnemonic.Setle, &ConditionShape.LowerSet<LessOrEqual>);
        table.Add(Mnemonic.Setg, &ConditionShape.LowerSet<Greater>);
    }
}
