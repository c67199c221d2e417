using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;

namespace KvmSharp.Instructions.Groups;

/// <summary>PUSH, POP, PUSHA, POPA, ENTER and LEAVE. The forms with segment registers and the flags belong to the system groups.</summary>
internal static unsafe class Stack
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Push, &PushPopShape.LowerPush);
        table.Add(Mnemonic.Pop, &PushPopShape.LowerPop);
        table.Add(Mnemonic.Pusha, &AllRegistersShape.LowerPush<ushort>);
        table.Add(Mnemonic.Pushad, &AllRegistersShape.LowerPush<uint>);
        table.Add(Mnemonic.Popa, &AllRegistersShape.LowerPop<ushort>);
        table.Add(Mnemonic.Popad, &AllRegistersShape.LowerPop<uint>);
        table.Add(Mnemonic.Enter, &FrameShape.LowerEnter);
        table.Add(Mnemonic.Leave, &FrameShape.LowerLeave);
    }
}
