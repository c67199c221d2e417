; smc: a program that rewrites itself
;
; Shows    Self-modifying code in six ways, each of which must take effect on the very next execution,
;          even when the instruction that was changed is the one right behind the store.
; How      Each case keeps a sum or a count that comes out right only if no stale byte was executed.
;          Since the Pentium Pro the processor watches its own stores and drops what it has prefetched;
;          an emulator that caches decoded instructions must do the same.
; Read     Intel SDM volume 3, "Handling Self- and Cross-Modifying Code" and "Self-Modifying Code".
; Expect   Six lines with fixed sums, then power-off.
; Build    nasm -f bin -o smc.bin smc.asm

        cpu     686
        bits    32

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

ROUNDS          equ     1000
OP_MOV_EAX      equ     0xB8            ; opcode of MOV EAX, imm32
OP_INC_EBX      equ     0x43
OP_NOP          equ     0x90
OP_RET          equ     0xC3

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

%macro print 1+                         ; print "text", crlf
[section .data]
%%text: db      %1, 0
__?SECT?__
        mov     esi, %%text
        call    puts
%endmacro

start:
        cli
        cld
        mov     esp, stack_top
        lgdt    [gdt_pointer]           ; the loader need not leave us a usable one
        jmp     8:.flat
.flat:
        mov     eax, 16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax

        outb    COM1 + 1, 0             ; polled UART, 115200 8N1
        outb    COM1 + 3, 0x80
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 2, 0x07

        ; 1. An immediate changed in each round of a loop: 1 + 2 + ... + 1000 = 500500 = 7A314h.
        xor     ebx, ebx
        mov     ecx, ROUNDS
.immediate:
        inc     dword [.number + 1]
.number:
        mov     eax, 0                  ; the 0 is what INC counts up
        add     ebx, eax
        loop    .immediate
        print   "immediate in a loop:   "
        call    put_result

        ; 2. The very next instruction changes its opcode: INC EBX, or NOP, in turn.
        xor     ebx, ebx
        mov     ecx, ROUNDS
        mov     al, OP_NOP
.opcode:
        xor     al, OP_NOP ^ OP_INC_EBX
        mov     [.victim], al
.victim:
        nop
        loop    .opcode
        print   "next instruction:      "
        call    put_result              ; half of the rounds: 500 = 1F4h

        ; 3. The same by a PUSH: the stack pointer aims at the code.
        xor     ebx, ebx
        mov     ecx, ROUNDS
        mov     edx, esp
.push:
        mov     esp, .pushed_over + 4
        push    dword 0x90434343        ; three times INC EBX, then NOP
.pushed_over:
        nop
        nop
        nop
        nop
        mov     dword [.pushed_over], 0x90909090
        mov     esp, edx
        loop    .push
        print   "pushed over:           "
        call    put_result              ; 3000 = BB8h

        ; 4. A string instruction writes the code that follows it.
        xor     ebx, ebx
        mov     edx, ROUNDS
.string:
        mov     edi, .filled
        mov     ecx, 16
        mov     al, OP_INC_EBX
        rep stosb
.filled:
        times   16 nop
        mov     edi, .filled
        mov     ecx, 16
        mov     al, OP_NOP
        rep stosb
        dec     edx
        jnz     .string
        print   "REP STOS ahead of IP:  "
        call    put_result              ; 16000 = 3E80h

        ; 5. A function replaced between calls: + 1 and + 256 in turn.
        xor     ebx, ebx
        mov     edx, ROUNDS / 2
.function:
        mov     esi, add_1
        call    .replace
        call    slot
        mov     esi, add_256
        call    .replace
        call    slot
        dec     edx
        jnz     .function
        jmp     .replaced
.replace:
        mov     edi, slot
        mov     ecx, BODY
        rep movsb
        ret
.replaced:
        print   "function replaced:     "
        call    put_result              ; 500 * 257 = 1F5F4h

        ; 6. An instruction that lies across two pages; the store reaches only the second one.
        mov     edi, across
        mov     al, OP_MOV_EAX
        stosb
        xor     eax, eax
        stosd                           ; the immediate: one byte on the first page, three on the next
        mov     al, OP_RET
        stosb
        xor     ebx, ebx
        mov     ecx, ROUNDS
.across:
        inc     byte [across + 2]       ; bits 15..8 of the immediate, the first byte of the page
        call    across
        add     ebx, eax
        loop    .across
        print   "across two pages:      "
        call    put_result              ; 100h * the sum of (n mod 256) for n = 1..1000

        jmp     power_off

add_1:
        add     ebx, 1
        ret
        times   8 - ($ - add_1) nop
BODY            equ     $ - add_1
add_256:
        add     ebx, 256
        ret
        times   BODY - ($ - add_256) nop
slot:
        times   BODY nop

; Prints EBX and ends the line.
put_result:
        mov     eax, ebx
        call    put_hex
        print   crlf
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

; Prints EAX as eight hexadecimal digits.
put_hex:
        mov     ecx, 8
.digit:
        rol     eax, 4
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
                dq      0x00CF9A000000FFFF      ; 08: flat code
                dq      0x00CF92000000FFFF      ; 10: flat data
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt
image_end:

        section .bss align=4096
two_pages:      resb    2 * 4096
across          equ     two_pages + 4096 - 2    ; opcode and one byte here, the rest on the next page
                resb    4096
stack_top:
bss_end:
