using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Tests.Operations.FloatingPoint;

public class FloatComparisonTests
{
    [Fact]
    public void Compare_Doubles_AgreesWithTheHost() => Floats.ForAll((a, b, _) =>
    {
        double x = Floats.ToDouble(a);
        double y = Floats.ToDouble(b);
        FloatRelation expected = x < y ? FloatRelation.Less : x > y ? FloatRelation.Greater : FloatRelation.Equal;
        Compare(Floats.Of(x), Floats.Of(y), quiet: false).Should().Be((expected, 0));
    });

    [Fact]
    public void Compare_Zeros_AreEqual() =>
        Compare(Float80.Zero(true), default, quiet: false).Should().Be((FloatRelation.Equal, 0));

    [Fact]
    public void Compare_PseudoDenormalAndLeastNormal_AreEqual() =>
        Compare(new Float80(0, Float80.IntegerBit), Floats.LeastNormal, quiet: false).Should().Be((FloatRelation.Equal, X87Status.Denormal));

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    public void Compare_NaNs_AreInvalidUnlessQuietAndAllowed(bool quiet, bool forQuiet, bool forSignaling)
    {
        Compare(Floats.QuietNaN, Float80.One, quiet).Should().Be((FloatRelation.Unordered, forQuiet ? X87Status.Invalid : 0));
        Compare(Float80.One, Floats.SignalingNaN, quiet).Should().Be((FloatRelation.Unordered, forSignaling ? X87Status.Invalid : 0));
        Compare(Floats.Unnormal, Float80.One, quiet).Should().Be((FloatRelation.Unordered, X87Status.Invalid));
    }

    private static (FloatRelation Relation, int Status) Compare(Float80 a, Float80 b, bool quiet)
    {
        var env = new FloatEnvironment(Floats.Default);
        FloatRelation relation = FloatComparison.Compare(a, b, quiet, ref env);
        return (relation, env.Status);
    }
}
