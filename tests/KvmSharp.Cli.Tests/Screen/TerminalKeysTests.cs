using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KvmSharp.Machines;

namespace KvmSharp.Cli.Tests;

public class TerminalKeysTests
{
    private readonly List<KeyChord> _pressed = [];
    private readonly TerminalKeys _keys;

    public TerminalKeysTests()
    {
        _keys = new TerminalKeys(_pressed.Add);
    }

    [Theory]
    [InlineData("a", 0x1E, KeyModifiers.None)]
    [InlineData("A", 0x1E, KeyModifiers.Shift)]
    [InlineData("?", 0x35, KeyModifiers.Shift)]
    [InlineData(" ", 0x39, KeyModifiers.None)]
    [InlineData("\r", 0x1C, KeyModifiers.None)]
    [InlineData("\t", 0x0F, KeyModifiers.None)]
    [InlineData("\u007F", 0x0E, KeyModifiers.None)]
    [InlineData("\u0003", 0x2E, KeyModifiers.Control)] // Ctrl-C
    [InlineData("\u0001", 0x1E, KeyModifiers.Control)]
    [InlineData("\u001A", 0x2C, KeyModifiers.Control)]
    [InlineData("\u001C", 0x2B, KeyModifiers.Control)] // Ctrl-\
    [InlineData("\u0000", 0x39, KeyModifiers.Control)]
    [InlineData("\ex", 0x2D, KeyModifiers.Alt)]
    [InlineData("\eX", 0x2D, KeyModifiers.Alt | KeyModifiers.Shift)]
    [InlineData("\e[A", 0xE048, KeyModifiers.None)]
    [InlineData("\eOD", 0xE04B, KeyModifiers.None)]
    [InlineData("\e\e[A", 0xE048, KeyModifiers.Alt)]
    [InlineData("\e[1;5C", 0xE04D, KeyModifiers.Control)]
    [InlineData("\e[1;2P", 0x3B, KeyModifiers.Shift)]
    [InlineData("\e[H", 0xE047, KeyModifiers.None)]
    [InlineData("\e[4~", 0xE04F, KeyModifiers.None)]
    [InlineData("\e[3;3~", 0xE053, KeyModifiers.Alt)]
    [InlineData("\e[6~", 0xE051, KeyModifiers.None)]
    [InlineData("\e[Z", 0x0F, KeyModifiers.Shift)]
    [InlineData("\eOP", 0x3B, KeyModifiers.None)] // F1
    [InlineData("\e[[E", 0x3F, KeyModifiers.None)] // F5
    [InlineData("\e[15~", 0x3F, KeyModifiers.None)]
    [InlineData("\e[17~", 0x40, KeyModifiers.None)]
    [InlineData("\e[21~", 0x44, KeyModifiers.None)]
    [InlineData("\e[24~", 0x58, KeyModifiers.None)]
    public void Add_OneKey_IsFoundInOneReadAndByteByByte(string typed, int code, KeyModifiers modifiers)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(typed);
        _keys.Add(bytes);
        foreach (byte value in bytes)
        {
            _keys.Add([value]);
        }

        var key = new KeyChord((ushort)code, modifiers);
        _pressed.Should().Equal(key, key);
    }

    [Fact]
    public void Pause_AfterEscape_IsTheEscapeKey()
    {
        _keys.Add("\e"u8);
        _pressed.Should().BeEmpty();
        _keys.Pause();
        _keys.Pause();
        _keys.Add("["u8);
        _pressed.Should().Equal(new KeyChord(KeyCode.Escape), new KeyChord(0x1A));
    }

    [Fact]
    public void Pause_AfterEscapeAndBracket_IsAltBracket()
    {
        _keys.Add("\e["u8);
        _keys.Pause();
        _pressed.Should().Equal(new KeyChord(0x1A, KeyModifiers.Alt));
    }

    [Fact]
    public void Add_CharactersBeyondAscii_AreDroppedWhole()
    {
        _keys.Add("é😀€b"u8);
        _pressed.Should().Equal(new KeyChord(0x30));
    }

    [Fact]
    public void Add_UnknownSequence_IsSwallowed()
    {
        _keys.Add("\e[?25;1$yz\e[99~\e[z"u8);
        _pressed.Select(key => key.Code).Should().Equal((ushort)0x2C); // z: a sequence ends with its first letter or sign
    }

    [Fact]
    public void Add_AnyBytes_PressesOnlyKeysThatExist() => Prop.ForAll<byte[]>(bytes =>
    {
        _keys.Add(bytes);
        _keys.Pause();
        _pressed.All(key => (key.Code & 0xFF) is > 0 and < 0x80).Should().BeTrue();
    }).Check(Config.QuickThrowOnFailure);
}
