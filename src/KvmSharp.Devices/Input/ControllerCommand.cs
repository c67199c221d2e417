namespace KvmSharp.Devices;

/// <summary>The commands that the i8042 takes at its command port.</summary>
internal enum ControllerCommand : byte
{
    ReadCommandByte = 0x20,
    WriteCommandByte = 0x60,
    TestPassword = 0xA4,
    DisableAuxiliary = 0xA7,
    EnableAuxiliary = 0xA8,
    TestAuxiliary = 0xA9,
    SelfTest = 0xAA,
    TestKeyboard = 0xAB,
    DisableKeyboard = 0xAD,
    EnableKeyboard = 0xAE,
    ReadInputPort = 0xC0,
    ReadOutputPort = 0xD0,
    WriteOutputPort = 0xD1,
    WriteKeyboardBuffer = 0xD2,
    WriteAuxiliaryBuffer = 0xD3,
    WriteAuxiliary = 0xD4,
    DisableA20 = 0xDD,
    EnableA20 = 0xDF,
    PulseOutput = 0xF0, // and all above: bits 0 to 3 name the output lines that stay high
}
