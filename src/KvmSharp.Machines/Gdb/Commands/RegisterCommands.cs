using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary>Registers, all at once or by number.</summary>
internal static class RegisterCommands
{
    public static void Register(CommandTable table)
    {
        table.Add("g", static (session, _) => ReadAll(session));
        table.Add("G", static (session, arguments) => WriteAll(session, arguments));
        table.Add("p", static (session, arguments) => ReadOne(session, arguments));
        table.Add("P", static (session, arguments) => WriteOne(session, arguments));
    }

    private static string ReadAll(GdbSession session)
    {
        var snapshot = new RegisterSnapshot(session.Vcpu);
        var text = new StringBuilder();
        foreach (RegisterDefinition register in session.Architecture.Registers)
        {
            text.Append(HexText.OfRegister(register.Read(snapshot), register.Bytes));
        }

        return text.ToString();
    }

    // What is there already is not set again: part of it could not be.
    private static string WriteAll(GdbSession session, string arguments)
    {
        IReadOnlyList<RegisterDefinition> registers = session.Architecture.Registers;
        if (!HexText.TryBytes(arguments, out byte[] bytes) || bytes.Length != registers.Sum(static r => r.Bytes))
        {
            return CommandResult.Error(Errno.Invalid);
        }

        var snapshot = new RegisterSnapshot(session.Vcpu);
        int at = 0;
        foreach (RegisterDefinition register in registers)
        {
            UInt128 value = HexText.ToRegister(bytes.AsSpan(at, register.Bytes));
            at += register.Bytes;
            if (value != register.Read(snapshot))
            {
                register.Set(snapshot, value);
            }
        }

        snapshot.Commit();
        return CommandResult.Ok;
    }

    private static string ReadOne(GdbSession session, string arguments) => Find(session, arguments) is { } register
        ? HexText.OfRegister(register.Read(new RegisterSnapshot(session.Vcpu)), register.Bytes)
        : CommandResult.Error(Errno.Invalid);

    // NUMBER=VALUE
    private static string WriteOne(GdbSession session, string arguments)
    {
        int equals = arguments.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0
            || Find(session, arguments[..equals]) is not { } register
            || !HexText.TryBytes(arguments.AsSpan(equals + 1), out byte[] bytes)
            || bytes.Length != register.Bytes)
        {
            return CommandResult.Error(Errno.Invalid);
        }

        var snapshot = new RegisterSnapshot(session.Vcpu);
        register.Set(snapshot, HexText.ToRegister(bytes));
        snapshot.Commit();
        return CommandResult.Ok;
    }

    private static RegisterDefinition? Find(GdbSession session, string number)
    {
        IReadOnlyList<RegisterDefinition> registers = session.Architecture.Registers;
        return HexText.TryNumber(number, out ulong index) && index < (ulong)registers.Count ? registers[(int)index] : null;
    }
}
