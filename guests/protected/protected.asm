; protected: from real mode to 32-bit protected mode
;
; Shows    The classic switch: a global descriptor table, CR0.PE, a far jump, 32-bit code.
; How      LGDT loads the table; setting CR0.PE switches the mode, but CS still holds its real-mode
;          descriptor, so a far jump loads a 32-bit one; then the data segments are loaded. The 32-bit
;          code proves where it is: it prints its selectors and the PE bit, and stores above 1 MiB,
;          where real-mode addressing (at most FFFF:FFFF) does not reach.
; Read     Intel SDM volume 3, "Switching to Protected Mode", "Segment Descriptors" and
;          "Global and Local Descriptor Tables".
; Expect   One line from real mode, three from protected mode, then power-off.
; Build    nasm -f bin -o protected.img protected.asm

        cpu     686
        bits    16
        org     0x7C00

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

CODE32          equ     gdt.code - gdt  ; a selector is the offset of its descriptor, plus the RPL
DATA32          equ     gdt.data - gdt
CR0_PE          equ     1
TWO_MIB         equ     0x200000

%macro outb 2
        mov     dx, %1
        mov     al, %2
        out     dx, al
%endmacro

start:
        cli                             ; no IDT is set up: no interrupt may come
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

        mov     si, from_real_mode
.next:
        lodsb
        test    al, al
        jz      .switch
        mov     ah, al
        mov     dx, COM1_LSR
.wait:
        in      al, dx
        test    al, LSR_THRE
        jz      .wait
        mov     dx, COM1
        mov     al, ah
        out     dx, al
        jmp     .next

.switch:
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      al, CR0_PE
        mov     cr0, eax                ; protected mode, yet still 16-bit: CS was not loaded
        jmp     CODE32:protected_mode   ; now it is

        bits    32
protected_mode:
        mov     ax, DATA32
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, 0x7C00

        mov     esi, selectors
        call    puts
        mov     eax, cs
        call    put_hex16
        mov     esi, data_selector
        call    puts
        mov     eax, ds
        call    put_hex16
        mov     esi, pe_bit
        call    puts
        mov     eax, cr0
        and     al, CR0_PE
        add     al, '0'
        call    putc

        mov     esi, above
        call    puts
        mov     dword [TWO_MIB], 0x12345678
        mov     dword [0], 0            ; with the address line A20 stuck this is the same dword
        mov     eax, [TWO_MIB]
        ror     eax, 16
        call    put_hex16
        rol     eax, 16
        call    put_hex16

        mov     esi, hello
        call    puts

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
        pusha
        mov     ecx, 4
.digit:
        rol     ax, 4
        push    eax
        and     al, 0x0F
        cmp     al, 10                  ; CMP, SBB, DAS: the old trick that turns 0..15 into '0'..'F'
        sbb     al, 0x69
        das
        call    putc
        pop     eax
        loop    .digit
        popa
        ret

; Sends AL.
putc:
        pusha
        mov     ah, al
        mov     dx, COM1_LSR
.wait:
        in      al, dx
        test    al, LSR_THRE
        jz      .wait
        mov     dx, COM1
        mov     al, ah
        out     dx, al
        popa
        ret

from_real_mode: db      "Real mode: loading the GDT", 13, 10, 0
selectors:      db      "Protected mode: CS=", 0
data_selector:  db      " DS=", 0
pe_bit:         db      " PE=", 0
above:          db      13, 10, "At 2 MiB: ", 0
hello:          db      13, 10, "Hello from 32-bit code!", 13, 10, 0

; Each descriptor: limit 15..0, base 15..0, base 23..16, access, flags + limit 19..16, base 31..24.
        align   8
gdt:            dq      0               ; the null descriptor, never used
.code:          dw      0xFFFF, 0
                db      0, 0x9A, 0xCF, 0 ; present, ring 0, code, readable; 4 KiB units, 32-bit
.data:          dw      0xFFFF, 0
                db      0, 0x92, 0xCF, 0 ; present, ring 0, data, writable; 4 KiB units, 32-bit
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt

        times   510 - ($ - $$) db 0
        dw      0xAA55
