using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Operations.Simd.FloatingPoint;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>XMM registers in locals, and vectors in memory.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private const int VectorCount = 16;

    private readonly LocalBuilder?[] _vectors = new LocalBuilder?[VectorCount];
    private readonly bool[] _vectorWritten = new bool[VectorCount];
    private readonly Dictionary<(int Slot, Type Type), LocalBuilder> _vectorValues = [];
    private readonly PlainLanes[] _plain = new PlainLanes[VectorCount];
    private uint _noted;
    private LocalBuilder? _rounding;

    /// <summary>Gets the local of the first operand, if it is a vector.</summary>
    public LocalBuilder VectorA => VectorValue(0, typeof(Vector128<byte>));

    /// <summary>Gets the local of the second operand.</summary>
    public LocalBuilder VectorB => VectorValue(1, typeof(Vector128<byte>));

    /// <summary>Gets the local of the result.</summary>
    public LocalBuilder VectorResult => VectorValue(2, typeof(Vector128<byte>));

    /// <summary>Gets a local for one element.</summary>
    /// <param name="slot">0 and 1 are operands, 2 the result, 3 is for the time between two steps.</param>
    /// <param name="type">What it is.</param>
    public LocalBuilder FloatValue(int slot, FloatType type) => VectorValue(slot, type.Element);

    /// <summary>Gets a local for a vector, or one element.</summary>
    /// <param name="slot">As above.</param>
    /// <param name="type">Its type.</param>
    public LocalBuilder VectorValue(int slot, Type type)
    {
        if (!_vectorValues.TryGetValue((slot, type), out LocalBuilder? local))
        {
            local = Il.DeclareLocal(type);
            _vectorValues.Add((slot, type), local);
        }

        return local;
    }

    /// <summary>Gets an int local, 0 while the host's arithmetic may stand for the guest's.</summary>
    public LocalBuilder Rounding => _rounding!;

    /// <summary>Pushes an XMM register.</summary>
    /// <param name="register">The register.</param>
    public void EmitReadVector(Register register) => Il.Emit(OpCodes.Ldloc, _vectors[register - Register.XMM0]!);

    /// <summary>Pops an XMM register.</summary>
    /// <param name="register">The register.</param>
    public void EmitWriteVector(Register register) => Il.Emit(OpCodes.Stloc, _vectors[register - Register.XMM0]!);

    /// <summary>Looks the address of a vector operand up.</summary>
    /// <param name="size">4, 8 or 16 bytes.</param>
    /// <param name="write">Whether it stores.</param>
    /// <param name="aligned">Whether an address that is not a multiple of the size is left to the interpreter, for its #GP.</param>
    public void EmitTranslateVector(int size, bool write, bool aligned)
    {
        EmitAddress(size, write);
        if (aligned)
        {
            Il.Emit(OpCodes.Ldloc, _linear);
            Il.Emit(OpCodes.Conv_I4);
            Il.Emit(OpCodes.Ldc_I4, size - 1);
            Il.Emit(OpCodes.And);
            Il.Emit(OpCodes.Brtrue, ExitHere(SideExitReason.Memory));
        }

        EmitTranslate(size, write);
    }

    /// <summary>Pushes the vector at the address looked up; what is narrower is zero-extended.</summary>
    /// <param name="size">4, 8 or 16 bytes.</param>
    public void EmitLoadVector(int size)
    {
        Il.Emit(OpCodes.Ldloc, _host);
        Il.Emit(OpCodes.Volatile);
        if (size == sizeof(Vector128<byte>))
        {
            Il.Emit(OpCodes.Ldobj, typeof(Vector128<byte>));
            return;
        }

        // As an integer: .NET 10 takes the integer in a vector made of one floating-point number for that number, not for its bits.
        Il.Emit(size == sizeof(ulong) ? OpCodes.Ldind_I8 : OpCodes.Ldind_U4);
        EmitVectorOfInteger(size);
    }

    /// <summary>Pushes the number at the address looked up.</summary>
    /// <param name="type">What it is.</param>
    public void EmitLoadFloat(FloatType type)
    {
        Il.Emit(OpCodes.Ldloc, _host);
        Il.Emit(OpCodes.Volatile);
        Il.Emit(type.IsDouble ? OpCodes.Ldind_R8 : OpCodes.Ldind_R4);
    }

    /// <summary>Stores a vector, or its lowest bytes, at the address looked up.</summary>
    /// <param name="size">4, 8 or 16 bytes.</param>
    /// <param name="value">The vector.</param>
    public void EmitStoreVector(int size, LocalBuilder value)
    {
        Il.Emit(OpCodes.Ldloc, _host);
        Il.Emit(OpCodes.Ldloc, value);
        if (size == sizeof(Vector128<byte>))
        {
            Il.Emit(OpCodes.Volatile);
            Il.Emit(OpCodes.Stobj, typeof(Vector128<byte>));
            return;
        }

        FloatType type = size == sizeof(double) ? FloatType.Double : FloatType.Single;
        Il.Emit(OpCodes.Call, VectorIntrinsics.As(typeof(byte), type.Element));
        Il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.ToScalar), type.Element, 1));
        Il.Emit(OpCodes.Volatile);
        Il.Emit(type.IsDouble ? OpCodes.Stind_R8 : OpCodes.Stind_R4);
    }

    /// <summary>Makes the integer on the IL stack a vector: zero-extended.</summary>
    /// <param name="width">4 or 8 bytes.</param>
    public void EmitVectorOfInteger(int width) => Il.Emit(OpCodes.Call, VectorMethod(width == sizeof(ulong) ? nameof(VectorSteps.OfQuadword) : nameof(VectorSteps.OfDoubleword)));

    /// <summary>Makes the vector on the IL stack the integer in its lowest bytes.</summary>
    /// <param name="width">4 or 8 bytes.</param>
    public void EmitIntegerOfVector(int width) => Il.Emit(OpCodes.Call, VectorMethod(width == sizeof(ulong) ? nameof(VectorSteps.ToQuadword) : nameof(VectorSteps.ToDoubleword)));

    /// <summary>Gives a method of <see cref="VectorSteps"/>.</summary>
    public static MethodInfo VectorMethod(string name) => typeof(VectorSteps).GetMethod(name)!;

    /// <summary>Goes elsewhere unless the host rounds as MXCSR says, and reports nothing that it does not say already.</summary>
    /// <param name="elsewhere">The label.</param>
    public void EmitUnlessHostRounding(Label elsewhere)
    {
        Il.Emit(OpCodes.Ldloc, _rounding!);
        Il.Emit(OpCodes.Brtrue, elsewhere);
    }

    /// <summary>Tells what is known about an XMM register at the present place.</summary>
    /// <param name="register">The register.</param>
    public PlainLanes PlainOf(Register register) => _plain[register - Register.XMM0];

    /// <summary>Notes what is known about an XMM register behind the instruction at hand.</summary>
    /// <param name="register">The register.</param>
    /// <param name="lanes">The elements known to be plain, and no others.</param>
    public void NotePlain(Register register, PlainLanes lanes)
    {
        _plain[register - Register.XMM0] = lanes;
        _noted |= 1U << (register - Register.XMM0);
    }

    // What an instruction has written and told nothing about may be anything.
    private void ForgetPlain()
    {
        if (Instruction.Op0Kind == OpKind.Register && IsVector(Instruction.Op0Register) && (_noted & (1U << (Instruction.Op0Register - Register.XMM0))) == 0)
        {
            _plain[Instruction.Op0Register - Register.XMM0] = PlainLanes.None;
        }

        _noted = 0;
    }

    private void DeclareVector(UsedRegister used)
    {
        if (IsVector(used.Register))
        {
            int number = used.Register - Register.XMM0;
            _vectors[number] ??= Il.DeclareLocal(typeof(Vector128<byte>));
            _rounding ??= Il.DeclareLocal(typeof(int));
            _vectorWritten[number] |= used.Access is not (OpAccess.Read or OpAccess.CondRead);
        }
    }

    private static bool IsVector(Register register) => register is >= Register.XMM0 and <= Register.XMM15;

    private void EmitReloadRounding()
    {
        if (_rounding is { } local)
        {
            EmitLoadContext(ContextPlaces.Mxcsr, OpCodes.Ldind_I4);
            Il.Emit(OpCodes.Ldc_I4, (int)FloatStatus.HostCondition);
            Il.Emit(OpCodes.And);
            Il.Emit(OpCodes.Ldc_I4, (int)FloatStatus.HostMeets);
            Il.Emit(OpCodes.Xor);
            Il.Emit(OpCodes.Stloc, local);
        }
    }

    private void EmitReloadVector(int number)
    {
        if (_vectors[number] is { } local)
        {
            EmitContextAddress(CpuContext.OffsetOfXmm(number));
            Il.Emit(OpCodes.Ldobj, typeof(Vector128<byte>));
            Il.Emit(OpCodes.Stloc, local);
        }
    }

    private void EmitSpillVector(int number)
    {
        if (_vectors[number] is { } local && _vectorWritten[number])
        {
            EmitContextAddress(CpuContext.OffsetOfXmm(number));
            Il.Emit(OpCodes.Ldloc, local);
            Il.Emit(OpCodes.Stobj, typeof(Vector128<byte>));
        }
    }
}
