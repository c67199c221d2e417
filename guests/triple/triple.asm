; triple: a guest that crashes on purpose
;
; Shows    A triple fault, the processor's last resort: it shuts down, and the board resets (a
;          hypervisor reports a shutdown exit).
; How      In protected mode the interrupt descriptor table is replaced by an empty one. INT3 finds no
;          gate, which is a general-protection fault; that one finds no gate either, which is a double
;          fault; and its gate is missing too.
; Read     Intel SDM volume 3, "Interrupt 8: Double Fault Exception (#DF)" (its last paragraphs tell
;          of the third fault) and "Interrupt Descriptor Table (IDT)".
; Expect   One line; then no power-off but a shutdown. The line after it must never be printed.
; Build    nasm -f bin -o triple.img triple.asm

        cpu     686
        bits    16
        org     0x7C00

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

%macro outb 2
        mov     dx, %1
        mov     al, %2
        out     dx, al
%endmacro

start:
        cli
        jmp     0:main
main:
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7C00
        cld

        outb    COM1 + 1, 0             ; polled UART, 115200 8N1
        outb    COM1 + 3, 0x80
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 2, 0x07

        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      al, 1                   ; PE
        mov     cr0, eax
        jmp     8:protected_mode

        bits    32
protected_mode:
        mov     ax, 16
        mov     ds, ax
        mov     ss, ax
        mov     esp, 0x7C00

        mov     esi, last_words
        call    puts
        lidt    [empty_idt]
        int3                            ; #GP, then #DF, then shutdown

        mov     esi, not_reached
        call    puts
        mov     dx, POWER_PORT
        mov     ax, POWER_OFF
        out     dx, ax
.halt:
        cli
        hlt
        jmp     .halt

; Prints the string at ESI and waits until all of it has left the UART: a reset would lose the rest.
puts:
        lodsb
        test    al, al
        jz      .drain
        mov     ah, al
        mov     dx, COM1_LSR
.wait:
        in      al, dx
        test    al, LSR_THRE
        jz      .wait
        mov     dx, COM1
        mov     al, ah
        out     dx, al
        jmp     puts
.drain:
        mov     dx, COM1_LSR
        in      al, dx
        test    al, LSR_TEMT
        jz      .drain
        ret

last_words:     db      "About to triple fault", 13, 10, 0
not_reached:    db      "Still alive: that is wrong", 13, 10, 0

        align   8
gdt:            dq      0
                dw      0xFFFF, 0
                db      0, 0x9A, 0xCF, 0 ; 08: flat 32-bit code
                dw      0xFFFF, 0
                db      0, 0x92, 0xCF, 0 ; 10: flat 32-bit data
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt
empty_idt:      dw      0               ; limit 0: not even one whole gate
                dd      0

        times   510 - ($ - $$) db 0
        dw      0xAA55
