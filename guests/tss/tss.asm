; tss: one stack per ring
;
; Shows    What the task-state segment is for on most systems: the stacks of the inner rings. A call
;          gate takes parameters along from the outer stack to the inner one.
; How      A program in ring 3 calls ring 0 through a gate that copies three parameters, then ring 1
;          through another one, which calls ring 0 in turn. Each callee looks at its stack: the
;          processor has loaded SS:ESP from the TSS and pushed the caller's SS:ESP, the copies of the
;          parameters, and CS:EIP. RETF n drops the parameters from both stacks; a data segment that
;          the outer ring may not use is taken away on the way back.
; Read     Intel SDM volume 3, "Accessing a Code Segment Through a Call Gate", "Stack Switching",
;          "Returning from a Called Procedure" and "Task-State Segment (TSS)".
; Expect   Selectors, frame sizes and parameters of each call, then power-off.
; Build    nasm -f bin -o tss.bin tss.asm

        cpu     686
        bits    32

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

CODE0           equ     0x08
DATA0           equ     0x10
CODE1           equ     0x18 | 1
DATA1           equ     0x20 | 1
CODE3           equ     0x28 | 3
DATA3           equ     0x30 | 3
TSS_SELECTOR    equ     0x38
SUM_GATE        equ     0x40 | 3        ; to ring 0, three parameters
DOUBLE_GATE     equ     0x48 | 3        ; to ring 1, one parameter

PRINT_VECTOR    equ     0x80            ; prints the string at ESI, for the rings without port access
HEX_VECTOR      equ     0x81            ; prints EAX
FRAME_VECTOR    equ     0x82            ; returns in EBX what an interrupt pushes
EXIT_VECTOR     equ     0x83            ; ends the guest
USER_GATE       equ     0xEE00          ; present, DPL 3, 32-bit interrupt gate

; A multiboot 1 header. With bit 16 set it carries its own addresses, so that a flat file will do: of
; the header, of the first byte, of the end of the file's part, of the end of the zeroed part, the entry.
MB_MAGIC        equ     0x1BADB002
MB_FLAGS        equ     0x00010000

        org     0x100000
        section .text
header:
        dd      MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)
        dd      header, header, image_end, bss_end, start

%define crlf    13, 10

%macro outb 2
        mov     dx, %1
        mov     al, %2
        out     dx, al
%endmacro

%macro print 1+                         ; print "text", crlf, in any ring
[section .data]
%%text: db      %1, 0
__?SECT?__
        push    esi
        mov     esi, %%text
        int     PRINT_VECTOR
        pop     esi
%endmacro

%macro show 2+                          ; show value, "text": the text, the value, end of line
        print   %2
        mov     eax, %1
        int     HEX_VECTOR
        print   crlf
%endmacro

start:
        cli
        cld
        mov     esp, stack0
        lgdt    [gdt_pointer]           ; the loader need not leave us a usable one
        jmp     CODE0:.flat
.flat:
        mov     eax, DATA0
        mov     ds, eax
        mov     es, eax
        mov     ss, eax

        outb    COM1 + 1, 0             ; polled UART, 115200 8N1
        outb    COM1 + 3, 0x80
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 2, 0x07

        mov     eax, tss                ; addresses stand in pieces in descriptors and gates
        mov     [gdt.tss + 2], ax
        shr     eax, 16
        mov     [gdt.tss + 4], al
        mov     [gdt.tss + 7], ah
        mov     eax, sum
        mov     [gdt.sum_gate], ax
        shr     eax, 16
        mov     [gdt.sum_gate + 6], ax
        mov     eax, double
        mov     [gdt.double_gate], ax
        shr     eax, 16
        mov     [gdt.double_gate + 6], ax

        mov     dword [tss + 4], stack0 ; ESP0, SS0
        mov     dword [tss + 8], DATA0
        mov     dword [tss + 12], stack1        ; ESP1, SS1
        mov     dword [tss + 16], DATA1
        mov     word [tss + 102], 104   ; no I/O permission bitmap

        mov     eax, on_print
        mov     ecx, PRINT_VECTOR
        call    set_gate
        mov     eax, on_hex
        mov     ecx, HEX_VECTOR
        call    set_gate
        mov     eax, on_frame
        mov     ecx, FRAME_VECTOR
        call    set_gate
        mov     eax, power_off
        mov     ecx, EXIT_VECTOR
        call    set_gate
        lidt    [idt_pointer]

        mov     ax, TSS_SELECTOR
        ltr     ax
        str     ebx
        show    ebx, "task register:               "
        movzx   ebx, byte [gdt.tss + 5]
        show    ebx, "its descriptor, now busy:    "

        mov     eax, DATA3
        mov     ds, eax
        mov     es, eax
        push    dword DATA3
        push    dword stack3
        push    dword 2
        push    dword CODE3
        push    dword program
        iret

; Ring 3.

program:
        show    cs, "ring 3: CS                   "
        push    dword 0x0100
        push    dword 0x0020
        push    dword 0x0003
        call    SUM_GATE:0              ; the gate knows the offset; the one given here is ignored
        mov     ebx, eax
        mov     edi, es
        show    ebx, "ring 3: the sum              "
        show    edi, "ring 3: ES, was 0010         "
        mov     ebx, stack3
        sub     ebx, esp
        show    ebx, "ring 3: bytes left on stack  "

        push    dword 0x1111
        call    DOUBLE_GATE:0
        mov     ebx, eax
        show    ebx, "ring 3: the double           "
        mov     ebx, stack3
        sub     ebx, esp
        show    ebx, "ring 3: bytes left on stack  "

        int     FRAME_VECTOR            ; an interrupt switches stacks as well, and copies nothing
        show    ebx, "interrupt: bytes on stack 0  "
        int     EXIT_VECTOR

; Ring 0: EAX = the sum of three parameters. Entered by a call gate from an outer ring.
sum:
        push    ebp
        mov     ebp, esp                ; [EBP + 4] EIP, CS, three parameters, then the caller's ESP, SS
        mov     ebx, stack0
        lea     ecx, [ebp + 4]
        sub     ebx, ecx                ; what the call pushed: seven double words = 1Ch
        show    ebx, "  ring 0: bytes pushed       "
        show    ss, "  ring 0: SS                 "
        movzx   ebx, word [ebp + 8]
        show    ebx, "  ring 0: caller's CS        "
        movzx   ebx, word [ebp + 28]
        show    ebx, "  ring 0: caller's SS        "
        show    [ebp + 12], "  ring 0: last parameter     "
        mov     eax, [ebp + 24]         ; the caller's ESP: its own copies are still there
        show    [eax], "  ring 0: the same, outside  "

        mov     eax, DATA0
        mov     es, eax                 ; ring 3 will find 0 here: it may not keep ring 0's segment
        mov     eax, [ebp + 12]
        add     eax, [ebp + 16]
        add     eax, [ebp + 20]
        pop     ebp
        retf    12                      ; 12 bytes off this stack, and off the caller's

; Ring 1: EAX = twice the parameter, with ring 0's help.
double:
        push    ebp
        mov     ebp, esp
        show    cs, " ring 1: CS                  "
        show    ss, " ring 1: SS                  "
        mov     eax, [ebp + 12]
        push    eax
        push    eax
        push    dword 0
        call    SUM_GATE:0
        pop     ebp
        retf    4

; Interrupt handlers, all in ring 0.

on_print:
        pusha
        call    puts
        popa
        iret

on_hex:
        pusha
        call    put_hex16
        popa
        iret

; EBX = the bytes that the interrupt pushed: SS, ESP, EFLAGS, CS, EIP = 14h.
on_frame:
        mov     ebx, stack0
        sub     ebx, esp
        iret

; EAX: handler, ECX: vector. Changes EAX.
set_gate:
        mov     [idt + 8 * ecx], ax
        mov     word [idt + 8 * ecx + 2], CODE0
        mov     word [idt + 8 * ecx + 4], USER_GATE
        shr     eax, 16
        mov     [idt + 8 * ecx + 6], ax
        ret

power_off:
        mov     dx, COM1_LSR
.drain:
        in      al, dx
        test    al, LSR_TEMT
        jz      .drain
        mov     dx, POWER_PORT
        mov     ax, POWER_OFF
        out     dx, ax
.halt:
        cli
        hlt
        jmp     .halt

; Prints the zero-terminated string at ESI.
puts:
        lodsb
        test    al, al
        jz      .done
        call    putc
        jmp     puts
.done:
        ret

; Prints AX as four hexadecimal digits.
put_hex16:
        mov     ecx, 4
.digit:
        rol     ax, 4
        push    eax
        and     al, 0x0F
        cmp     al, 10                  ; CMP, SBB, DAS turn 0..15 into '0'..'F'
        sbb     al, 0x69
        das
        call    putc
        pop     eax
        loop    .digit
        ret

; Sends AL. Changes AH and DX.
putc:
        mov     ah, al
        mov     dx, COM1_LSR
.wait:
        in      al, dx
        test    al, LSR_THRE
        jz      .wait
        mov     dx, COM1
        mov     al, ah
        out     dx, al
        ret

        section .data
        align   8
gdt:            dq      0
                dq      0x00CF9A000000FFFF      ; 08: code, ring 0
                dq      0x00CF92000000FFFF      ; 10: data, ring 0
                dq      0x00CFBA000000FFFF      ; 18: code, ring 1
                dq      0x00CFB2000000FFFF      ; 20: data, ring 1
                dq      0x00CFFA000000FFFF      ; 28: code, ring 3
                dq      0x00CFF2000000FFFF      ; 30: data, ring 3
.tss:           dq      0x0000890000000067      ; 38: 32-bit TSS, available, 104 bytes
.sum_gate:      dw      0, CODE0, 0xEC00 | 3, 0 ; 40: call gate, DPL 3, three double words
.double_gate:   dw      0, CODE1, 0xEC00 | 1, 0 ; 48: call gate, DPL 3, one double word
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt
idt_pointer:    dw      8 * 0x84 - 1
                dd      idt
image_end:

        section .bss align=16
idt:            resb    8 * 0x84
tss:            resb    104
                resb    4096
stack0:
                resb    4096
stack1:
                resb    4096
stack3:
bss_end:
