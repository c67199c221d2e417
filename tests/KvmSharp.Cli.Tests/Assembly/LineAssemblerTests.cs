namespace KvmSharp.Cli.Tests;

public class LineAssemblerTests
{
    // Bytes as nasm 2.16 gives them, where it too takes the shortest form.
    [Theory]
    [InlineData("mov al,65", "B041")]
    [InlineData("mov ax,5", "B80500")]
    [InlineData("mov eax,0x12345678", "66B878563412")]
    [InlineData("mov bx,[bp+4]", "8B5E04")]
    [InlineData("mov [si+bx],al", "8800")]
    [InlineData("mov byte [di],5", "C60505")]
    [InlineData("mov word ptr [1234h],55h", "C70634125500")]
    [InlineData("mov dword es:[di],1", "2666C70501000000")]
    [InlineData("add ax,1000", "05E803")]
    [InlineData("add eax,-1", "6683C0FF")]
    [InlineData("out 0xE9,al", "E6E9")]
    [InlineData("push 1000", "68E803")]
    [InlineData("jmp $", "EBFE")]
    [InlineData("jne $+300", "0F852801")]
    [InlineData("shl ax,1", "D1E0")]
    [InlineData("imul ax,bx,5", "6BC305")]
    [InlineData("lgdt [0x7c00]", "0F0116007C")]
    [InlineData("mov cr0,eax", "0F22C0")]
    [InlineData("rep movsb", "F3A4")]
    [InlineData("enter 16,1", "C8100001")]
    [InlineData("mov al,[eax+ebx*4+8]", "678A449808")]
    [InlineData("jmp 8:7C00h", "EA007C0800")]
    [InlineData("call far [bx]", "FF1F")]
    [InlineData("cmovz ax,bx", "0F44C3")]
    [InlineData("cmpxchg [bx],ax", "0FB107")]
    [InlineData("lock inc word [bx]", "F0FF07")]
    [InlineData("aam", "D40A")]
    [InlineData("xlat", "D7")]
    [InlineData("iret", "CF")]
    [InlineData("db 'a',\"bc\",1; dw 1234h; dd -1", "616263013412FFFFFFFF")]
    public void Assemble_16Bit_GivesTheBytesThatNasmGives(string text, string bytes) => Hex(16, text).Should().Be(bytes);

    [Theory]
    [InlineData("push 1000", "68E8030000")]
    [InlineData("iret", "CF")]
    [InlineData("pushf", "9C")]
    [InlineData("mov al,[1234h]", "A034120000")]
    [InlineData("jmp 8:7C00h", "EA007C00000800")]
    [InlineData("mov ax,[bx]", "66678B07")]
    [InlineData("movsd", "A5")]
    public void Assemble_32Bit_GivesTheBytesThatNasmGives(string text, string bytes) => Hex(32, text).Should().Be(bytes);

    [Theory]
    [InlineData("mov rax,[rbx+rcx*8+16]", "488B44CB10")]
    [InlineData("mov eax,5", "B805000000")]
    [InlineData("mov [8000h],rax", "4889042500800000")]
    [InlineData("mov dword [rdi],7", "C70707000000")]
    [InlineData("add rax,-1", "4883C0FF")]
    [InlineData("push rax", "50")]
    [InlineData("pop r15", "415F")]
    [InlineData("jmp $", "EBFE")]
    [InlineData("call $+1000", "E8E3030000")]
    [InlineData("lea rsi,[8000h]", "488D342500800000")]
    [InlineData("mov cr3,rax", "0F22D8")]
    [InlineData("mov al,[rsi]", "8A06")]
    [InlineData("inc qword [r12]", "49FF0424")]
    [InlineData("iretq", "48CF")]
    [InlineData("wrmsr", "0F30")]
    [InlineData("mov r8d,r9d", "4589C8")]
    [InlineData("xor r10,r10", "4D31D2")]
    [InlineData("out dx,al", "EE")]
    [InlineData("rep stosq", "F348AB")]
    [InlineData("cmp rcx,1000h", "4881F900100000")]
    [InlineData("mov rax,0x1122334455667788", "48B88877665544332211")]
    [InlineData("dq 0xFFFF800000000000,-1", "000000000080FFFFFFFFFFFFFFFFFFFF")]
    public void Assemble_64Bit_GivesTheBytesThatNasmGives(string text, string bytes) => Hex(64, text).Should().Be(bytes);

    [Fact]
    public void Assemble_Labels_ResolveForwardsAndBackwards() =>
        Hex(16, "start: jmp end; mov ax,start; end: jmp start").Should().Be("EB03" + "B8007C" + "EBF9");

    [Fact]
    public void Assemble_FarTarget_GrowsTheJump()
    {
        string filler = string.Join(',', Enumerable.Repeat("0", 200));
        Hex(16, $"jmp end; db {filler}; end: hlt").Should().StartWith("E9C800");
    }

    [Theory]
    [InlineData("bogus ax", "*'bogus'*")]
    [InlineData("bogus nowhere", "'bogus'*")]
    [InlineData("rep bogus nowhere", "'bogus'*")]
    [InlineData("mov ax,nowhere", "*'nowhere'*")]
    [InlineData("mov [bx],1", "*size*'mov ?bx?, 1'*")]
    [InlineData("mov ax,bl", "*'mov ax, bl'*'mov'*")]
    [InlineData("mov al,300", "*'mov al, 300'*")]
    [InlineData("mov ax,[bx", "*']'*")]
    [InlineData("mov ax,5 5", "*'5'*','*")]
    [InlineData("mov ax,", "*missing*','*")]
    [InlineData("mov ax,12x", "*'12x'*")]
    [InlineData("db 256", "*256*")]
    [InlineData("db 'x", "*closing*")]
    [InlineData("a: hlt; a: hlt", "*'a'*twice*")]
    [InlineData("mov ax,[ax+bx+cx]", "*'CX'*too many*")]
    [InlineData("!", "*'!'*")]
    [InlineData("5", "*'5'*instruction*")]
    public void Assemble_Wrong_NamesTheToken(string text, string message)
    {
        Action assemble = () => Hex(16, text);
        assemble.Should().Throw<AssemblyException>().WithMessage(message);
    }

    private static string Hex(int bits, string text) => Convert.ToHexString(new LineAssembler(bits, 0x7C00).Assemble(text));
}
