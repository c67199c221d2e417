using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using static KvmSharp.Tests.Lockstep.RandomOperations;

namespace KvmSharp.Tests.Lockstep;

/// <summary>Single instructions, with operands that keep the program sound.</summary>
internal sealed partial class RandomProgram
{
    private static readonly Register[] Bytes = [Register.AL, Register.CL, Register.DL, Register.BL, Register.AH, Register.CH, Register.DH, Register.BH];
    private static readonly Register[] Words = [Register.AX, Register.CX, Register.DX, Register.BX, Register.SI, Register.DI];
    private static readonly Register[] Doublewords = [Register.EAX, Register.ECX, Register.EDX, Register.EBX, Register.ESI, Register.EDI];
    private static readonly Register[] Quadwords = [Register.RAX, Register.RCX, Register.RDX, Register.RBX, Register.RSI, Register.RDI, Register.R9, Register.R14];
    private static readonly Register[] Bases = [Register.EBX, Register.ESI, Register.EDI];

    private static readonly Func<int, Instruction>[][] StringInstructions =
    [
        [static b => Instruction.CreateMovsb(b), static b => Instruction.CreateMovsw(b), static b => Instruction.CreateMovsd(b), static b => Instruction.CreateMovsq(b)],
        [static b => Instruction.CreateStosb(b), static b => Instruction.CreateStosw(b), static b => Instruction.CreateStosd(b), static b => Instruction.CreateStosq(b)],
        [static b => Instruction.CreateLodsb(b), static b => Instruction.CreateLodsw(b), static b => Instruction.CreateLodsd(b), static b => Instruction.CreateLodsq(b)],
        [static b => Instruction.CreateScasb(b), static b => Instruction.CreateScasw(b), static b => Instruction.CreateScasd(b), static b => Instruction.CreateScasq(b)],
        [static b => Instruction.CreateCmpsb(b), static b => Instruction.CreateCmpsw(b), static b => Instruction.CreateCmpsd(b), static b => Instruction.CreateCmpsq(b)],
    ];

    private const int FirstThatCompares = 3;

    private void Instruct()
    {
        int width = Width();
        int wide = Math.Max(width, 16);
        switch (_random.Next(32))
        {
            case < 5:
                Emit(Store(_random, width), Target(width), Any(width));
                break;
            case < 9:
                EmitLoad(Load(_random, width), Any(width), Target(width));
                break;
            case < 11:
                Emit(Immediate(_random, width), Target(width), width switch { 8 => (sbyte)_random.Next(-128, 128), 16 => (short)_random.Next(), _ => _random.Next() });
                break;
            case 11:
                Emit(ShortImmediate(_random, width), Target(width), _random.Next(-128, 128));
                break;
            case 12:
                Emit(ShiftByCl(_random, width), Target(width), Register.CL);
                break;
            case 13:
                Emit(ShiftByImmediate(_random, width), Target(width), _random.Next(70));
                break;
            case 14:
                Emit(OneOperand(_random, width), Target(width));
                break;
            case 15:
                Emit(Multiply(_random, width), Target(width));
                break;
            case 16:
                MayFault(() => Emit(Divide(_random, width), Target(width)));
                break;
            case 17:
                Emit(BitByRegister(_random, wide), Operand.Of(Any(wide)), Any(wide));
                break;
            case 18:
                Emit(BitByImmediate(_random, wide), Target(wide), _random.Next(70));
                break;
            case 19:
                EmitLoad(Scan(_random, wide), Any(wide), Target(wide));
                break;
            case 20:
                Operand shifted = Target(wide);
                _c.AddInstruction(shifted.IsMemory
                    ? Instruction.Create(DoubleShift(_random, wide), shifted.Memory, Any(wide), _random.Next(70))
                    : Instruction.Create(DoubleShift(_random, wide), shifted.Register, Any(wide), _random.Next(70)));
                break;
            case 21 or 22:
                Emit(Set(_random), Target(8));
                break;
            case 23 or 24:
                EmitLoad(Move(_random, wide), Any(wide), Target(wide));
                break;
            case 25:
                EmitLoad(Extend(_random, Math.Min(wide, 32), from: 8), Any(Math.Min(wide, 32)), Target(8));
                break;
            case 26:
                RepeatString();
                break;
            case 27:
                Flags();
                break;
            case 28:
                FloatingPoint();
                break;
            case 29:
                Vectors();
                break;
            default:
                Special();
                break;
        }

    }

    private int Width() => _bits == 64 ? Pick(_random, 8, 16, 32, 64, 64) : Pick(_random, 8, 16, 32);

    private Register Any(int width) => Pick<Register>(_random, width switch { 8 => Bytes, 16 => Words, 32 => Doublewords, _ => Quadwords });

    private Operand Target(int width) => _random.Next(2) == 0 ? Operand.Of(Any(width)) : Operand.Of(Memory());

    // An address in the data, sometimes one at the end of a page, and by every form of address.
    private MemoryOperand Memory()
    {
        uint data = LockstepGuest.Data - _dataBase + (LockstepGuest.IsPaged(_mode) && _random.Next(4) == 0 ? LockstepGuest.Alias : 0);
        if (_random.Next(5) == 0)
        {
            return new MemoryOperand(Register.None, Register.None, 1, data + (uint)_random.Next(0x1F00), _bits == 16 ? 2 : _bits / 8, false, Register.None);
        }

        Register pointer = Pick<Register>(_random, Bases);
        bool atPageEnd = _random.Next(3) == 0;
        uint pageEnd = 0x1000 - 8 - ((LockstepGuest.Data - _dataBase) & 0xFFF);
        And(pointer, atPageEnd ? 0xF : 0xFFF);
        _c.AddInstruction(Instruction.Create(Code.Add_rm32_imm32, pointer, data + (atPageEnd ? pageEnd & 0xFFF : 0)));
        Register named = _bits == 64 ? pointer - Register.EAX + Register.RAX : pointer;
        int displacement = atPageEnd ? 0 : _random.Next(-0x80, 0x400) & ~(_random.Next(2) * 0x380);
        displacement = Math.Max(displacement, 0);
        int size = displacement == 0 ? 0 : displacement < 0x80 ? 1 : _bits == 64 ? 8 : _bits == 16 ? 2 : 4;
        if (_bits == 16)
        {
            return new MemoryOperand(named - Register.EAX + Register.AX, Register.None, 1, displacement, size, false, Register.None);
        }

        if (_random.Next(3) != 0)
        {
            return new MemoryOperand(named, Register.None, 1, displacement, size, false, Register.None);
        }

        And(Register.ECX, 0x3F);
        Register index = _bits == 64 ? Register.RCX : Register.ECX;
        return new MemoryOperand(named, index, Pick(_random, 1, 2, 4, 8), displacement, size, false, Register.None);
    }

    private void And(Register register, int mask) => _c.AddInstruction(Instruction.Create(Code.And_rm32_imm32, register, mask));

    private void Emit(Code code, Operand target) => _c.AddInstruction(target.IsMemory ? Instruction.Create(code, target.Memory) : Instruction.Create(code, target.Register));

    private void Emit(Code code, Operand target, Register source) =>
        _c.AddInstruction(target.IsMemory ? Instruction.Create(code, target.Memory, source) : Instruction.Create(code, target.Register, source));

    private void Emit(Code code, Operand target, int immediate) =>
        _c.AddInstruction(target.IsMemory ? Instruction.Create(code, target.Memory, immediate) : Instruction.Create(code, target.Register, immediate));

    private void EmitLoad(Code code, Register target, Operand source) =>
        _c.AddInstruction(source.IsMemory ? Instruction.Create(code, target, source.Memory) : Instruction.Create(code, target, source.Register));

    private void RepeatString()
    {
        uint data = LockstepGuest.Data - _dataBase;
        _c.mov(esi, data + (uint)_random.Next(0x700, 0x1700));
        _c.mov(edi, data + (uint)_random.Next(0x700, 0x1700));
        _c.mov(ecx, _random.Next(_random.Next(2) == 0 ? 4 : 100));
        if (_random.Next(3) == 0)
        {
            _c.std();
        }

        int width = _random.Next(_bits == 64 ? 4 : 3);
        int kind = _random.Next(StringInstructions.Length);
        Instruction instruction = StringInstructions[kind][width](_bits);
        instruction.HasRepPrefix = _random.Next(4) != 0;
        bool compares = kind >= FirstThatCompares;
        if (compares && instruction.HasRepPrefix && _random.Next(2) == 0)
        {
            instruction.HasRepPrefix = false;
            instruction.HasRepnePrefix = true;
        }

        _c.AddInstruction(instruction);
        _c.cld();
    }
}
