using System.Text;
using Iced.Intel;
using KvmSharp.Machines;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Testing.Tests;

/// <summary>Small guests, written in place.</summary>
internal static class TestGuests
{
    public const ushort Com1 = 0x3F8;
    public const byte DebugExit = 0xF4;

    /// <summary>Sends a text and goes on.</summary>
    public static void Print(this Assembler a, string text)
    {
        a.mov(dx, Com1);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            a.mov(al, value);
            a.@out(dx, al);
        }
    }

    /// <summary>Ends the machine with a code.</summary>
    public static void Exit(this Assembler a, byte code)
    {
        a.mov(al, code);
        a.@out(DebugExit, al);
    }

    /// <summary>Halts for good.</summary>
    public static void Stop(this Assembler a)
    {
        a.cli();
        a.hlt();
    }

    /// <summary>Loops for good.</summary>
    public static void Hang(this Assembler a)
    {
        Label here = a.CreateLabel();
        a.Label(ref here);
        a.jmp(here);
    }

    /// <summary>Sends each byte that it gets, plus one, until it gets a carriage return.</summary>
    public static void Echo(this Assembler a)
    {
        Label next = a.CreateLabel();
        Label wait = a.CreateLabel();
        Label end = a.CreateLabel();
        a.Label(ref next);
        a.mov(dx, Com1 + 5);
        a.Label(ref wait);
        a.@in(al, dx);
        a.test(al, 1);
        a.jz(wait);
        a.mov(dx, Com1);
        a.@in(al, dx);
        a.cmp(al, 13);
        a.je(end);
        a.inc(al);
        a.@out(dx, al);
        a.jmp(next);
        a.Label(ref end);
        a.nop();
    }

    public static GuestMachine Make(Action<Assembler> code, StartMode mode = StartMode.Protected32, Func<GuestMachineBuilder, GuestMachineBuilder>? change = null)
    {
        GuestMachineBuilder builder = GuestMachine.Create().WithMemory(16 << 20).WithCode(mode, code);
        return (change?.Invoke(builder) ?? builder).Build();
    }
}
