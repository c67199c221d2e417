namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>How many registers leave the stack behind an operation. A type parameter of the shapes, so that it costs nothing.</summary>
internal interface IPop
{
    static abstract int Count { get; }
}

/// <summary>The stack stays.</summary>
internal readonly struct KeepTop : IPop
{
    public static int Count => 0;
}

/// <summary>ST(0) is popped.</summary>
internal readonly struct PopOnce : IPop
{
    public static int Count => 1;
}

/// <summary>ST(0) and ST(1) are popped.</summary>
internal readonly struct PopTwice : IPop
{
    public static int Count => 2;
}
