using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Lockstep;

/// <summary>Makes a program that goes on for ever: phases of loops whose bodies are random instructions.</summary>
/// <remarks>
/// Counters lie in memory that random stores do not reach, so that loops end. BP holds addresses of labels; the stack pointer is left
/// alone. Whatever may fault says before where the program goes on.
/// </remarks>
internal sealed partial class RandomProgram
{
    private const int MostDepth = 2;

    private readonly Random _random;
    private readonly ProgramMode _mode;
    private readonly int _bits;
    private readonly uint _dataBase;
    private readonly Assembler _c;
    private readonly List<Label> _routines = [];

    private readonly Dictionary<string, Label> _placed = []; // by name: a label that was handed on before is a copy that knows no place
    private readonly List<string> _addressed = [];           // the labels of LoadAddress, call by call
    private readonly uint[] _addresses;                      // and where they are, known from the pass before

    private int _labels;

    private RandomProgram(int seed, ProgramMode mode, uint[] addresses)
    {
        _addresses = addresses;
        _random = new Random(seed);
        _mode = mode;
        _bits = LockstepGuest.BitsOf(mode);
        _dataBase = LockstepGuest.DataBaseOf(mode);
        _c = new Assembler(_bits);
    }

    /// <summary>Makes the code of a seed, for a mode.</summary>
    public static byte[] Make(int seed, ProgramMode mode)
    {
        _ = new RandomProgram(seed, mode, []).Assemble(out uint[] addresses);
        return new RandomProgram(seed, mode, addresses).Assemble(out _);
    }

    private byte[] Assemble(out uint[] addresses)
    {
        Write();
        using var stream = new MemoryStream();
        ulong at = LockstepGuest.Code - LockstepGuest.CodeBaseOf(_mode);
        AssemblerResult result = _c.Assemble(new StreamCodeWriter(stream), at, BlockEncoderOptions.ReturnNewInstructionOffsets);
        addresses = [.. _addressed.Select(name => (uint)result.GetLabelRIP(_placed[name]))];
        return stream.ToArray();
    }

    private void Write()
    {
        for (int i = _random.Next(1, 4); i > 0; i--)
        {
            _routines.Add(NewLabel());
        }

        Label start = NewLabel();
        _c.fninit();
        Place(ref start);
        for (int phase = _random.Next(2, 4); phase > 0; phase--)
        {
            Loop(depth: 0, _random.Next(150, 400));
        }

        _c.jmp(start);
        for (int i = 0; i < _routines.Count; i++)
        {
            Label routine = _routines[i];
            Place(ref routine);
            Body(_random.Next(2, 8), depth: MostDepth, mayCall: false);
            _c.ret();
        }
    }

    private void Loop(int depth, int times)
    {
        AssemblerMemoryOperand counter = __dword_ptr[LockstepGuest.Counters + (uint)(depth * 4) - _dataBase];
        Label again = NewLabel();
        _c.mov(counter, times);
        Place(ref again);
        Body(_random.Next(4, 16), depth, mayCall: true);
        _c.dec(counter);
        _c.jne(again);
    }

    private void Body(int length, int depth, bool mayCall)
    {
        for (int i = 0; i < length; i++)
        {
            switch (_random.Next(40))
            {
                case 0 when depth + 1 < MostDepth:
                    Loop(depth + 1, _random.Next(2, 20));
                    break;
                case 1 or 2 when mayCall:
                    Call();
                    break;
                case 3 or 4 or 5:
                    Skip(depth, mayCall);
                    break;
                case 6 or 7 when depth == 0:
                    ChangeCode();
                    break;
                default:
                    Instruct();
                    break;
            }
        }
    }

    private void Call()
    {
        Label routine = RandomOperations.Pick<Label>(_random, [.. _routines]);
        if (_random.Next(3) != 0)
        {
            _c.call(routine);
        }
        else
        {
            LoadAddress(routine);
            if (_bits == 16)
            {
                _c.call(bp);
            }
            else if (_bits == 32)
            {
                _c.call(ebp);
            }
            else
            {
                _c.call(rbp);
            }
        }
    }

    // A conditional branch over a few instructions.
    private void Skip(int depth, bool mayCall)
    {
        Label behind = NewLabel();
        Jump(behind, _random.Next(16));
        Body(_random.Next(1, 4), depth + 1, mayCall);
        Place(ref behind);
    }

    private void Jump(Label to, int condition)
    {
        Action<Label>[] jumps =
        [
            _c.jo, _c.jno, _c.jb, _c.jae, _c.je, _c.jne, _c.jbe, _c.ja, _c.js, _c.jns, _c.jp, _c.jnp, _c.jl, _c.jge, _c.jle, _c.jg,
        ];
        jumps[condition](to);
    }

    // Every 16 iterations the immediate of an instruction ahead is written: "mov dl, n" is B2 n in all modes.
    private void ChangeCode()
    {
        Label target = NewLabel();
        Label unchanged = NewLabel();
        _c.test(__byte_ptr[LockstepGuest.Counters - _dataBase], 0xF);
        _c.jne(unchanged);
        LoadAddress(target);
        switch (_bits)
        {
            case 16:
                _c.mov(__byte_ptr.cs[bp + 1], al);
                break;
            case 32 when _mode == ProgramMode.Segmented32:
                _c.sub(ebp, (int)(_dataBase - LockstepGuest.CodeBaseOf(_mode)));
                _c.mov(__byte_ptr.ds[ebp + 1], al);
                break;
            case 32:
                _c.mov(__byte_ptr[ebp + 1], al);
                break;
            default:
                _c.mov(__byte_ptr[rbp + 1], al);
                break;
        }

        Place(ref unchanged);
        if (_random.Next(2) == 0)
        {
            Instruct();
        }

        Place(ref target);
        _c.mov(dl, (sbyte)_random.Next(128));
    }

    // No instruction of 16- and 32-bit code takes the address of a label: of the same length in both passes, the second has the number.
    private void LoadAddress(Label label)
    {
        _c.mov(ebp, _addressed.Count < _addresses.Length ? _addresses[_addressed.Count] : 0);
        _addressed.Add(label.Name);
    }

    private Label NewLabel() => _c.CreateLabel($"label{_labels++}");

    private void Place(ref Label label)
    {
        _c.nop(); // two labels cannot be at one place
        _c.Label(ref label);
        _placed.Add(label.Name, label);
    }

    // Says where the program goes on when the instruction faults.
    private void MayFault(Action emit)
    {
        Label behind = NewLabel();
        LoadAddress(behind);
        _c.mov(__dword_ptr[LockstepGuest.Resume - _dataBase], ebp);
        emit();
        Place(ref behind);
    }
}
