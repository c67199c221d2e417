using KvmSharp.Conformance.Records;

namespace KvmSharp.Conformance.Replay;

/// <summary>Compares FPU states.</summary>
internal static class FpuComparison
{
    /// <summary>Compares a record's final FPU state with what came out.</summary>
    /// <param name="record">The record.</param>
    /// <param name="actual">What came out.</param>
    /// <param name="differences">Receives what differs.</param>
    public static void Compare(SiliconRecord record, FpuImage actual, List<Difference> differences)
    {
        FpuImage expected = record.ExpectedFpu;
        Compare("fpu cw", expected.ControlWord, actual.ControlWord, differences);
        Compare("fpu tw", expected.NotEmpty, actual.NotEmpty, differences);
        Compare("mxcsr", expected.Mxcsr, actual.Mxcsr, differences);
        if (((expected.StatusWord ^ actual.StatusWord) & ~record.UndefinedStatus) != 0)
        {
            differences.Add(Difference.Number("fpu sw", expected.StatusWord, actual.StatusWord));
        }

        bool near = record.Tolerance == Tolerance.Stack && !Approximation.IsSpecial(record.InitialFpu.Stack[0]);
        for (int i = 0; i < expected.Stack.Length; i++)
        {
            if (expected.Stack[i] != actual.Stack[i] && !(near && i < 2 && Approximation.IsNear(expected.Stack[i], actual.Stack[i])))
            {
                differences.Add(Difference.Number($"st{i}", expected.Stack[i], actual.Stack[i]));
            }
        }

        near = record.Tolerance == Tolerance.Xmm;
        for (int i = 0; i < expected.Xmm.Length; i++)
        {
            if (expected.Xmm[i] != actual.Xmm[i]
                && !(near && Approximation.AreLanesNear(record.InitialFpu.Xmm[i], expected.Xmm[i], actual.Xmm[i])))
            {
                differences.Add(Difference.Number($"xmm{i}", expected.Xmm[i], actual.Xmm[i]));
            }
        }
    }

    private static void Compare(string what, uint expected, uint actual, List<Difference> differences)
    {
        if (expected != actual)
        {
            differences.Add(Difference.Number(what, expected, actual));
        }
    }
}
