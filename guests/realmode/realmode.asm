; realmode: a tour of what a 16-bit program does
;
; Shows    Segment arithmetic, a software interrupt through the vector table, decimal arithmetic,
;          string instructions, far calls, stack frames, BOUND, INTO and a division by zero with
;          their handlers, and 32-bit operands used in real mode.
; How      A table names each stop of the tour and its routine; the routine returns a word in AX,
;          which is printed in hexadecimal. The comment at each routine derives the value.
; Read     Intel SDM volume 3, "Real-Address Mode Operation" (addresses, the interrupt vector table);
;          volume 2, the page of each instruction named below.
; Expect   One line per stop, then power-off. No stop changes from one machine to the next.
; Build    nasm -f bin -o realmode.img realmode.asm

        cpu     686
        bits    16
        org     0x7C00

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000
SCRATCH         equ     0x0600          ; free memory below the sector

%macro outb 2
        mov     dx, %1
        mov     al, %2
        out     dx, al
%endmacro

%macro vector 2                         ; vector n, handler: the offset of entry n; its segment is 0
        mov     dword [4 * %1], %2
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

        outb    COM1 + 3, 0x80          ; 115200 8N1
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 1, 0

        vector  0, on_divide_error
        vector  4, on_overflow
        vector  5, on_bound
        vector  0x60, on_int60

        mov     si, tour
.stop:
        lodsw                           ; the routine, or 0 at the end
        xchg    ax, bx
        test    bx, bx
        jz      power_off
.name:
        lodsb
        test    al, al
        jz      .run
        call    putc
        jmp     .name
.run:
        push    si
        push    ds
        pop     es
        call    bx
        pop     si
        mov     cx, 4
.digit:
        rol     ax, 4
        push    ax
        and     al, 0x0F
        cmp     al, 10
        sbb     al, 0x69
        das
        call    putc
        pop     ax
        loop    .digit
        mov     al, 13
        call    putc
        mov     al, 10
        call    putc
        jmp     .stop

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

; 1000:0010 and 1001:0000 are the same byte of memory: 16 * segment + offset.
segments:
        push    word 0x1000
        pop     es
        mov     word [es:0x0010], 0x1234
        push    word 0x1001
        pop     es
        mov     ax, [es:0]
        ret

; PUSH SP stores SP as it was before the push (since the 80286): the difference is 0.
push_sp:
        mov     ax, sp
        push    sp
        pop     dx
        sub     ax, dx
        ret

; INT 60h enters its handler, which exchanges AL and AH; IRET brings back the carry set before.
software_interrupt:
        mov     ax, 0x3412
        stc
        int     0x60
        jnc     .wrong
        ret
.wrong:
        xor     ax, ax
        ret
on_int60:
        xchg    al, ah
        clc
        iret

; 38 + 45 = 83 in packed decimal, and AAM splits 63 into 06 03, AAD joins them: 83h, 3Fh.
decimal:
        mov     al, 0x38
        add     al, 0x45
        daa
        push    ax
        mov     al, 63
        aam
        aad
        pop     dx
        mov     ah, dl
        ret

; Fill eight bytes, plant one byte, find it from above: REP STOSW, REPE SCASB with the direction flag.
strings:
        mov     di, SCRATCH
        mov     ax, 0x5A5A
        mov     cx, 4
        rep stosw
        mov     byte [SCRATCH + 2], 0xA5
        lea     di, [SCRATCH + 7]
        mov     cx, 8
        std
        repe scasb                      ; stops one below the byte that differs
        cld
        lea     ax, [di + 1]            ; SCRATCH + 2 = 0602h
        ret

; A far call pushes CS, then IP; RETF 2 takes both back and the argument as well.
far_call:
        push    word 0x00AB
        call    0:.callee
        ret
.callee:
        push    bp
        mov     bp, sp
        mov     ax, [bp + 6]            ; above BP, IP and CS
        mov     ah, 0xCD
        pop     bp
        retf    2

; ENTER 4, 0 makes a frame with room for two words; LEAVE drops it.
frame:
        mov     cx, sp
        enter   4, 0
        mov     [bp - 4], cx
        mov     ax, [bp - 4]
        sub     ax, sp                  ; 2 for the pushed BP, 4 for the room
        leave
        ret

; BOUND is a fault: it restarts. The handler repairs the index in AX, 99 becomes 3.
bound_check:
        mov     ax, 99
        bound   ax, [limits]
        ret
on_bound:
        mov     ax, 3
        iret

; INTO is a trap: the handler returns behind it. 7FFFh + 1 overflows.
overflow:
        mov     ax, 0x7FFF
        inc     ax
        into
        ret
on_overflow:
        mov     al, 0x04                ; 8004h: the sum, and proof that we were here
        iret

; DIV is a fault too: the handler repairs the divisor, and 1000 / 0 becomes 1000 / 8 = 7Dh.
divide:
        mov     ax, 1000
        mov     cl, 0
        div     cl
        ret
on_divide_error:
        mov     cl, 8
        iret

; 32-bit operands work in real mode: 10001h * 10001h = 1_0002_0001h, and SHLD takes the high part.
wide:
        mov     eax, 0x10001
        mul     eax
        shld    edx, eax, 16            ; EDX = 0001_0002h
        xchg    ax, dx
        ret

tour:
        dw      segments
        db      "segments ", 0
        dw      push_sp
        db      "push sp  ", 0
        dw      software_interrupt
        db      "int n    ", 0
        dw      decimal
        db      "decimal  ", 0
        dw      strings
        db      "strings  ", 0
        dw      far_call
        db      "far call ", 0
        dw      frame
        db      "enter    ", 0
        dw      bound_check
        db      "bound    ", 0
        dw      overflow
        db      "into     ", 0
        dw      divide
        db      "divide   ", 0
        dw      wide
        db      "32 bits  ", 0
        dw      0
limits: dw      0, 9

        times   510 - ($ - $$) db 0
        dw      0xAA55
