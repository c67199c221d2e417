using System.Reflection.Emit;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Arithmetic flags, kept as operands of what has set them last: see <see cref="FlagKind"/>.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private LocalBuilder _flagsA = null!;
    private LocalBuilder _flagsB = null!;
    private LocalBuilder _flagKind = null!;

    /// <summary>Gets how the flags are kept at the present place.</summary>
    public FlagKind Flags { get; private set; }

    /// <summary>Notes what sets the flags, unless nobody can see them.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="width">Its width in bytes.</param>
    /// <param name="a">An int local, or a long one for 8 bytes.</param>
    /// <param name="b">The second word, if the operation has one.</param>
    public void EmitSetFlags(FlagOperation operation, int width, LocalBuilder a, LocalBuilder? b = null)
    {
        if (FlagsAreDead)
        {
            return;
        }

        EmitFlagWord(a, width, _flagsA);
        if (b is not null)
        {
            EmitFlagWord(b, width, _flagsB);
        }

        Flags = new FlagKind(operation, width);
    }

    /// <summary>Notes that numbers have been compared.</summary>
    /// <param name="type">What they are.</param>
    /// <param name="a">The first, a local.</param>
    /// <param name="b">The second.</param>
    public void EmitSetFloatFlags(FloatType type, LocalBuilder a, LocalBuilder b)
    {
        string convert = type.IsDouble ? nameof(BitConverter.DoubleToUInt64Bits) : nameof(BitConverter.SingleToUInt32Bits);
        foreach ((LocalBuilder value, LocalBuilder word) in new[] { (a, _flagsA), (b, _flagsB) })
        {
            Il.Emit(OpCodes.Ldloc, value);
            Il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(convert)!);
            Il.Emit(OpCodes.Conv_U8);
            Il.Emit(OpCodes.Stloc, word);
        }

        Flags = new FlagKind(FlagOperation.CompareFloats, type.Size);
    }

    private void EmitFlagWord(LocalBuilder value, int width, LocalBuilder word)
    {
        Il.Emit(OpCodes.Ldloc, value);
        if (!IsWide(width))
        {
            Il.Emit(OpCodes.Conv_U8);
        }

        Il.Emit(OpCodes.Stloc, word);
    }

    private void EmitLazy(string method)
    {
        EmitLazyWords();
        Il.Emit(OpCodes.Call, LazyMethod(method));
    }

    private void EmitLazyWords()
    {
        if (Flags.IsStatic)
        {
            Il.Emit(OpCodes.Ldc_I4, Flags.Value);
        }
        else
        {
            Il.Emit(OpCodes.Ldloc, _flagKind);
        }

        Il.Emit(OpCodes.Ldloc, _flagsA);
        Il.Emit(OpCodes.Ldloc, _flagsB);
    }

    private void SpillFlagKind()
    {
        if (Flags.IsStatic)
        {
            Il.Emit(OpCodes.Ldc_I4, Flags.Value);
            Il.Emit(OpCodes.Stloc, _flagKind);
        }
    }

    private void EmitReloadFlags()
    {
        EmitLoadContext(ContextPlaces.FlagsResult, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Stloc, _flagsA);
        EmitLoadContext(ContextPlaces.FlagsCarries, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Stloc, _flagsB);
    }

    private void EmitSpillFlags(FlagKind kind)
    {
        Label lazy = Il.DefineLabel();
        Label done = Il.DefineLabel();
        if (!kind.IsStatic)
        {
            Il.Emit(OpCodes.Ldloc, _flagKind);
            Il.Emit(OpCodes.Brtrue, lazy);
        }

        if (!kind.IsStatic || kind == FlagKind.Canonical)
        {
            EmitContextAddress(ContextPlaces.FlagsResult);
            Il.Emit(OpCodes.Ldloc, _flagsA);
            Il.Emit(OpCodes.Stind_I8);
            EmitContextAddress(ContextPlaces.FlagsCarries);
            Il.Emit(OpCodes.Ldloc, _flagsB);
            Il.Emit(OpCodes.Stind_I8);
            Il.Emit(OpCodes.Br, done);
        }

        Il.MarkLabel(lazy);
        if (kind != FlagKind.Canonical)
        {
            Il.Emit(OpCodes.Ldarg_0);
            FlagKind before = Flags;
            Flags = kind;
            EmitLazyWords();
            Flags = before;
            Il.Emit(OpCodes.Call, LazyMethod(nameof(LazyFlags.Store)));
        }

        Il.MarkLabel(done);
    }

    private void DeclareFlags()
    {
        _flagsA = Il.DeclareLocal(typeof(long));
        _flagsB = Il.DeclareLocal(typeof(long));
        _flagKind = Il.DeclareLocal(typeof(int));
    }
}
