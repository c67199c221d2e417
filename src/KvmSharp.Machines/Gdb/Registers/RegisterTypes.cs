using System.Globalization;
using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary>Types of registers in the form of a target description. GDB manual, "Target Description Format".</summary>
internal static class RegisterTypes
{
    /// <summary>EFLAGS, bit by bit.</summary>
    public static string Eflags { get; } = Flags(
        "i386_eflags",
        [("CF", 0), ("", 1), ("PF", 2), ("AF", 4), ("ZF", 6), ("SF", 7), ("TF", 8), ("IF", 9), ("DF", 10), ("OF", 11), ("NT", 14), ("RF", 16), ("VM", 17), ("AC", 18), ("VIF", 19), ("VIP", 20), ("ID", 21)]);

    /// <summary>MXCSR, and the ways to look at an XMM register.</summary>
    public static string Sse { get; } =
        """
        <vector id="v4f" type="ieee_single" count="4"/>
        <vector id="v2d" type="ieee_double" count="2"/>
        <vector id="v16i8" type="int8" count="16"/>
        <vector id="v8i16" type="int16" count="8"/>
        <vector id="v4i32" type="int32" count="4"/>
        <vector id="v2i64" type="int64" count="2"/>
        <union id="vec128">
        <field name="v4_float" type="v4f"/>
        <field name="v2_double" type="v2d"/>
        <field name="v16_int8" type="v16i8"/>
        <field name="v8_int16" type="v8i16"/>
        <field name="v4_int32" type="v4i32"/>
        <field name="v2_int64" type="v2i64"/>
        <field name="uint128" type="uint128"/>
        </union>

        """.ReplaceLineEndings("\n") + Flags(
            "i386_mxcsr",
            [("IE", 0), ("DE", 1), ("ZE", 2), ("OE", 3), ("UE", 4), ("PE", 5), ("DAZ", 6), ("IM", 7), ("DM", 8), ("ZM", 9), ("OM", 10), ("UM", 11), ("PM", 12), ("FZ", 15)]);

    private static string Flags(string name, ReadOnlySpan<(string Name, int Bit)> fields)
    {
        var xml = new StringBuilder();
        xml.Append(CultureInfo.InvariantCulture, $"<flags id=\"{name}\" size=\"4\">\n");
        foreach ((string field, int bit) in fields)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<field name=\"{field}\" start=\"{bit}\" end=\"{bit}\"/>\n");
        }

        return xml.Append("</flags>\n").ToString();
    }
}
