namespace KvmSharp.Instructions.Shapes;

/// <summary>Whether anybody can see the arithmetic flags that an instruction leaves.</summary>
internal interface IFlagUse
{
    static abstract bool AreSeen { get; }
}

/// <summary>The flags are kept.</summary>
internal readonly struct FlagsSeen : IFlagUse
{
    public static bool AreSeen => true;
}

/// <summary>The flags are overwritten before anyone looks: the compiler drops their computation.</summary>
internal readonly struct FlagsDead : IFlagUse
{
    public static bool AreSeen => false;
}
