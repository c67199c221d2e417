using KvmSharp;

const uint Base = ${base};
const ushort Port = ${port};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/sum.bin");
bool lockstep = args.Length > 1 && args[1] == "lockstep";
long flipAt = args.Length > 2 ? long.Parse(args[2]) : 0;

using var kvm = Kvm.Open();
VirtualMachine own = CreateMachine();
VirtualCpu? reference = lockstep ? CreateMachine().Vcpus[0] : null;
var state = new GuestState(own.Memory) { Eip = Base };
state.Registers[4] = Base;
var translator = new Translator(own.Memory);

long runs = 0;
long translated = 0;
long handedOver = 0;
bool halted = false;
while (!halted)
{
    uint at = state.Eip;
    if (translator.Find(at) is not { } block)
    {
        handedOver++;
        state.Give(own.Vcpus[0]);
        halted = Step(own.Vcpus[0], print: true);
        state.Take(own.Vcpus[0]);
        _ = reference is not null && Step(reference, print: false);
        continue;
    }

    state.Eip = block.End;
    foreach (Action<GuestState> step in block.Steps)
    {
        step(state);
    }

    translator.DropWritten(state);
    runs++;
    translated += block.Steps.Count;
    if (runs == flipAt)
    {
        state.Registers[0] ^= 1;
    }

    reference?.Run((ulong)block.Steps.Count);
    if (reference is not null && state.Difference(reference) is { } difference)
    {
        Console.WriteLine($"block {runs} at 0x{at:X}: {difference}");
        return 1;
    }
}

Console.WriteLine($"blocks: {translator.Blocks}, runs: {runs}, translated: {translated}, handed over: {handedOver}");
return 0;

// One instruction; true at HLT.
bool Step(VirtualCpu cpu, bool print)
{
    VmExit exit = cpu.Run(1);
    switch (exit)
    {
        case { InterruptCause: InterruptCause.Budget }:
            return false;
        case { Reason: VmExitReason.Io, Direction: ExitDirection.Write, Port: Port, Width: 4, Count: 1 }:
            cpu.CompletePendingExit();
            if (print)
            {
                Console.WriteLine($"{exit.Value:X8}");
            }

            return false;
        case { Reason: VmExitReason.Hlt }:
            return true;
        default:
            throw new InvalidOperationException($"unexpected exit: {exit}");
    }
}

VirtualMachine CreateMachine()
{
    VirtualMachine vm = kvm.CreateVm();
    vm.SetUserMemoryRegion(new MemorySlot(Id: 0, GuestPhysicalAddress: 0, Size: 0x100000));
    vm.Memory.Write(Base, guest);
    VirtualCpu cpu = vm.CreateVcpu(0);
    SegmentRegister data = SegmentRegister.FlatData32(16);
    SpecialRegisters special = cpu.GetSpecialRegisters();
    cpu.SetSpecialRegisters(special with
    {
        Cr0 = special.Cr0 | 1, Cs = SegmentRegister.FlatCode32(8), Ds = data, Es = data, Ss = data,
    });
    cpu.SetRegisters(new GeneralRegisters { Rip = Base, Rsp = Base, Rflags = 2 });
    return vm;
}

/// <summary>What translated code works on.</summary>
sealed class GuestState(GuestMemory memory)
{
    public const uint Carry = 1, Zero = 0x40, Sign = 0x80, Overflow = 0x800;

    private const uint Kept = Carry | Zero | Sign | Overflow;

    private static readonly string[] Names = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "flags"];

    public uint[] Registers { get; } = new uint[8];

    public uint Eip { get; set; }

    public uint Flags { get; set; } = 2;

    /// <summary>Gets the addresses that the block under way has stored to.</summary>
    public List<uint> Stores { get; } = [];

    public uint Load(uint address) => memory.Read<uint>(address);

    public void Store(uint address, uint value)
    {
        memory.Write(address, value);
        Stores.Add(address);
    }

    public void Push(uint value)
    {
        Registers[4] -= 4;
        Store(Registers[4], value);
    }

    public uint Pop()
    {
        uint value = Load(Registers[4]);
        Registers[4] += 4;
        return value;
    }

    /// <summary>Sets zero and sign from a result, and the other two as told.</summary>
    public uint SetFlags(uint result, bool carry, bool overflow)
    {
        Flags = (Flags & ~Kept) | (carry ? Carry : 0) | (result == 0 ? Zero : 0) | ((int)result < 0 ? Sign : 0) | (overflow ? Overflow : 0);
        return result;
    }

    /// <summary>Tells whether the condition of a jump holds, by the low four bits of its opcode.</summary>
    public bool Holds(int condition)
    {
        bool less = ((Flags & Sign) != 0) != ((Flags & Overflow) != 0);
        bool holds = (condition >> 1) switch
        {
            0 => (Flags & Overflow) != 0,
            1 => (Flags & Carry) != 0,
            2 => (Flags & Zero) != 0,
            3 => (Flags & (Carry | Zero)) != 0,
            4 => (Flags & Sign) != 0,
            6 => less,
            _ => less || (Flags & Zero) != 0,
        };
        return holds != ((condition & 1) != 0);
    }

    public void Give(VirtualCpu cpu) => cpu.SetRegisters(new GeneralRegisters
    {
        Rax = Registers[0],
        Rcx = Registers[1],
        Rdx = Registers[2],
        Rbx = Registers[3],
        Rsp = Registers[4],
        Rbp = Registers[5],
        Rsi = Registers[6],
        Rdi = Registers[7],
        Rip = Eip,
        Rflags = Flags,
    });

    public void Take(VirtualCpu cpu)
    {
        uint[] found = All(cpu.GetRegisters());
        found.AsSpan(0, 8).CopyTo(Registers);
        (Eip, Flags) = (found[8], found[9]);
    }

    /// <summary>Names the first register that is another one in the vCPU.</summary>
    public string? Difference(VirtualCpu cpu)
    {
        uint[] mine = [.. Registers, Eip, Flags & Kept];
        uint[] right = All(cpu.GetRegisters());
        right[9] &= Kept;
        int at = Enumerable.Range(0, Names.Length).FirstOrDefault(i => mine[i] != right[i], -1);
        return at < 0 ? null : $"{Names[at]} is 0x{mine[at]:X}, not 0x{right[at]:X}";
    }

    private static uint[] All(GeneralRegisters r) =>
        [(uint)r.Rax, (uint)r.Rcx, (uint)r.Rdx, (uint)r.Rbx, (uint)r.Rsp, (uint)r.Rbp, (uint)r.Rsi, (uint)r.Rdi, (uint)r.Rip, (uint)r.Rflags];
}

/// <summary>A block: its bytes, and what they do.</summary>
sealed record Block(uint Start, uint End, List<Action<GuestState>> Steps);

/// <summary>Makes blocks, and keeps them until their bytes are written.</summary>
sealed class Translator(GuestMemory memory)
{
    private const int Most = ${most};

    private readonly Dictionary<uint, Block> _blocks = [];

    /// <summary>Gets how many blocks have been made.</summary>
    public long Blocks { get; private set; }

    /// <summary>Gives the block at an address; null when its first instruction cannot be translated.</summary>
    public Block? Find(uint address)
    {
        if (_blocks.TryGetValue(address, out Block? block))
        {
            return block;
        }

        var decoder = new Decoder(memory, address);
        List<Action<GuestState>> steps = [];
        uint end = address;
        while (steps.Count < Most && !decoder.HasJumped && decoder.Next() is { } step)
        {
            steps.Add(step);
            end = decoder.Position;
        }

        if (steps.Count == 0)
        {
            return null;
        }

        Blocks++;
        return _blocks[address] = new Block(address, end, steps);
    }

    public void DropWritten(GuestState state)
    {
        foreach (uint store in state.Stores)
        {
            foreach (Block block in _blocks.Values.Where(b => store < b.End && b.Start < store + 4).ToArray())
            {
                _blocks.Remove(block.Start);
            }
        }

        state.Stores.Clear();
    }
}

/// <summary>Translates one instruction after the other. EIP is the block's end while a block runs; jumps set it.</summary>
sealed class Decoder(GuestMemory memory, uint position)
{
    private const int Esp = 4;

    public uint Position { get; private set; } = position;

    public bool HasJumped { get; private set; }

    /// <summary>Translates the next instruction; null when it is not in the subset.</summary>
    public Action<GuestState>? Next()
    {
        byte opcode = Byte();
        int low = opcode & 7;
        return opcode switch
        {
            < 0x40 when low is 1 or 3 or 5 => Arithmetic((opcode >> 3) & 7, low),
            >= 0x40 and <= 0x47 => s =>
            {
                uint result = s.Registers[low] + 1;
                s.Registers[low] = s.SetFlags(result, (s.Flags & GuestState.Carry) != 0, result == 0x80000000);
            },
            >= 0x48 and <= 0x4F => s =>
            {
                uint result = s.Registers[low] - 1;
                s.Registers[low] = s.SetFlags(result, (s.Flags & GuestState.Carry) != 0, result == 0x7FFFFFFF);
            },
            >= 0x50 and <= 0x57 => s => s.Push(s.Registers[low]),
            >= 0x58 and <= 0x5F => s => s.Registers[low] = s.Pop(),
            >= 0x70 and <= 0x7F => Jump(opcode & 15, (uint)(sbyte)Byte()),
            0x81 or 0x83 => Group(opcode),
            0x85 => ModRm() is { } o ? s => s.SetFlags(o.Read(s) & s.Registers[o.Register], false, false) : null,
            0x89 => ModRm() is { } o ? s => o.Write(s, s.Registers[o.Register]) : null,
            0x8B => ModRm() is { } o ? s => s.Registers[o.Register] = o.Read(s) : null,
            0x8D => ModRm() is { Address: { } address } o ? s => s.Registers[o.Register] = address(s) : null,
            >= 0xB8 and <= 0xBF => Dword() is var value ? s => s.Registers[low] = value : null,
            0xC3 => Return(),
            0xE8 => Call(),
            0xE9 => Jump(null, Dword()),
            0xEB => Jump(null, (uint)(sbyte)Byte()),
            0x0F => Byte() is >= 0x80 and <= 0x8F and var second ? Jump(second & 15, Dword()) : null,
            _ => null,
        };
    }

    private static Func<GuestState, uint, uint, uint>? Operation(int number) => number switch
    {
        0 => Add,
        1 => static (s, a, b) => s.SetFlags(a | b, false, false),
        4 => static (s, a, b) => s.SetFlags(a & b, false, false),
        5 or 7 => Subtract,
        6 => static (s, a, b) => s.SetFlags(a ^ b, false, false),
        _ => null, // ADC and SBB
    };

    private static uint Add(GuestState s, uint a, uint b)
    {
        uint result = a + b;
        return s.SetFlags(result, result < a, (int)((a ^ result) & (b ^ result)) < 0);
    }

    private static uint Subtract(GuestState s, uint a, uint b)
    {
        uint result = a - b;
        return s.SetFlags(result, a < b, (int)((a ^ b) & (a ^ result)) < 0);
    }

    // Forms 1: r/m, r; 3: r, r/m; 5: EAX, imm32. Number 7, CMP, keeps no result.
    private Action<GuestState>? Arithmetic(int number, int form)
    {
        if (Operation(number) is not { } operation)
        {
            return null;
        }

        if (form == 5)
        {
            uint value = Dword();
            return s => Keep(s, 0, operation(s, s.Registers[0], value));
        }

        if (ModRm() is not { } o)
        {
            return null;
        }

        if (form == 3)
        {
            return s => Keep(s, o.Register, operation(s, s.Registers[o.Register], o.Read(s)));
        }

        return s =>
        {
            uint result = operation(s, o.Read(s), s.Registers[o.Register]);
            if (number != 7)
            {
                o.Write(s, result);
            }
        };

        void Keep(GuestState s, int register, uint result) => s.Registers[register] = number == 7 ? s.Registers[register] : result;
    }

    private Action<GuestState>? Group(byte opcode)
    {
        if (ModRm() is not { } o || Operation(o.Register) is not { } operation)
        {
            return null;
        }

        uint value = opcode == 0x83 ? (uint)(sbyte)Byte() : Dword();
        return s =>
        {
            uint result = operation(s, o.Read(s), value);
            if (o.Register != 7)
            {
                o.Write(s, result);
            }
        };
    }

    private Action<GuestState>? Jump(int? condition, uint displacement)
    {
        if (condition is 10 or 11)
        {
            return null; // JP and JNP
        }

        HasJumped = true;
        uint target = Position + displacement;
        return s => s.Eip = condition is not { } c || s.Holds(c) ? target : s.Eip;
    }

    private Action<GuestState> Call()
    {
        uint displacement = Dword();
        HasJumped = true;
        uint next = Position;
        return s =>
        {
            s.Push(next);
            s.Eip = next + displacement;
        };
    }

    private Action<GuestState> Return()
    {
        HasJumped = true;
        return s => s.Eip = s.Pop();
    }

    private Operand? ModRm()
    {
        byte modRm = Byte();
        int mod = modRm >> 6;
        int register = (modRm >> 3) & 7;
        int rm = modRm & 7;
        if (mod == 3)
        {
            return new Operand(register, null, rm);
        }

        if (rm == Esp)
        {
            return null; // a SIB byte
        }

        bool isAbsolute = mod == 0 && rm == 5;
        uint displacement = mod == 1 ? (uint)(sbyte)Byte() : mod == 2 || isAbsolute ? Dword() : 0;
        return new Operand(register, isAbsolute ? _ => displacement : s => s.Registers[rm] + displacement, rm);
    }

    private byte Byte() => memory.Read<byte>(Position++);

    private uint Dword()
    {
        uint value = memory.Read<uint>(Position);
        Position += 4;
        return value;
    }

    /// <summary>What a ModRM byte names: a register, and a register or memory.</summary>
    private sealed record Operand(int Register, Func<GuestState, uint>? Address, int Rm)
    {
        public uint Read(GuestState s) => Address is null ? s.Registers[Rm] : s.Load(Address(s));

        public void Write(GuestState s, uint value)
        {
            if (Address is null)
            {
                s.Registers[Rm] = value;
            }
            else
            {
                s.Store(Address(s), value);
            }
        }
    }
}
