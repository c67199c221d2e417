; ticks: the timer interrupts the processor
;
; Shows    How a timer tick travels: PIT counter 0 -> PIC line 0 -> a vector -> a handler; and how a
;          program waits for it with HLT without ever missing one.
; How      The PIC pair is initialised with its four command words (vectors 20h..2Fh) and everything
;          but IRQ 0 is masked. PIT counter 0 divides 1193182 Hz by 1193: about 1000 Hz. The handler
;          counts; the main loop halts, and prints each tick that was counted. No time of day is
;          printed, so the output is the same on a fast and on a slow machine.
; Read     Intel 8259A datasheet, "Initialization Command Words"; Intel 8254 datasheet, "Mode 2: Rate
;          Generator"; Intel SDM volume 2, "STI" (the shadow after it) and "HLT"; volume 3,
;          "Interrupt and Exception Handling" in real-address mode.
; Expect   Ten numbered ticks, then power-off.
; Build    nasm -f bin -o ticks.img ticks.asm

        cpu     686
        bits    16
        org     0x7C00

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

PIC1_COMMAND    equ     0x20
PIC1_DATA       equ     0x21
PIC2_COMMAND    equ     0xA0
PIC2_DATA       equ     0xA1
PIC_EOI         equ     0x20            ; OCW2: non-specific end of interrupt
IRQ_BASE        equ     0x20            ; IRQ 0 becomes vector 20h, clear of the processor's exceptions

PIT_COUNTER0    equ     0x40
PIT_CONTROL     equ     0x43
PIT_DIVISOR     equ     1193            ; 1193182 Hz / 1193 = 1000.15 Hz

TICKS           equ     10

%macro outb 2                           ; outb port, value
%if %1 < 0x100
        mov     al, %2
        out     %1, al
%else
        mov     dx, %1
        mov     al, %2
        out     dx, al
%endif
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

        ; In real mode vector n is the far pointer at 0000:4n.
        mov     word [4 * IRQ_BASE], on_tick
        mov     word [4 * IRQ_BASE + 2], 0

        outb    PIC1_COMMAND, 0x11      ; ICW1: edge-triggered, cascaded, ICW4 follows
        outb    PIC2_COMMAND, 0x11
        outb    PIC1_DATA, IRQ_BASE     ; ICW2: the first vector
        outb    PIC2_DATA, IRQ_BASE + 8
        outb    PIC1_DATA, 0x04         ; ICW3: the slave hangs on line 2
        outb    PIC2_DATA, 0x02         ; ICW3: and knows it
        outb    PIC1_DATA, 0x01         ; ICW4: 8086 mode, normal end of interrupt
        outb    PIC2_DATA, 0x01
        outb    PIC1_DATA, 0xFE         ; OCW1: only IRQ 0 is open
        outb    PIC2_DATA, 0xFF

        outb    PIT_CONTROL, 0x34       ; counter 0, low byte then high byte, mode 2, binary
        outb    PIT_COUNTER0, PIT_DIVISOR & 0xFF
        outb    PIT_COUNTER0, PIT_DIVISOR >> 8

        mov     si, ready
        call    puts

        xor     bx, bx                  ; ticks printed so far
wait_for_tick:
        cli
        cmp     bx, [ticks]
        jne     .ticked
        sti                             ; takes effect only after the next instruction, so no tick
        hlt                             ; can slip in between the comparison and the HLT
        jmp     wait_for_tick
.ticked:
        sti
        inc     bx
        mov     si, tick
        call    puts
        mov     ax, bx
        call    put_decimal
        mov     si, newline
        call    puts
        cmp     bx, TICKS
        jne     wait_for_tick

        cli
        mov     si, finished
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

on_tick:
        push    ax
        inc     word [cs:ticks]
        mov     al, PIC_EOI             ; without it the PIC holds back every later tick
        out     PIC1_COMMAND, al
        pop     ax
        iret

; Prints AX (0 to 99) in decimal.
put_decimal:
        aam                             ; AH = AL / 10, AL = AL mod 10
        push    ax
        mov     al, ah
        test    al, al
        jz      .units
        add     al, '0'
        call    putc
.units:
        pop     ax
        add     al, '0'
        jmp     putc

puts:
        lodsb
        test    al, al
        jz      .done
        call    putc
        jmp     puts
.done:
        ret

putc:
        push    dx
        mov     ah, al
        mov     dx, COM1_LSR
.wait:
        in      al, dx
        test    al, LSR_THRE
        jz      .wait
        mov     dx, COM1
        mov     al, ah
        out     dx, al
        pop     dx
        ret

ticks:          dw      0
ready:          db      "Waiting for ten timer ticks", 13, 10, 0
tick:           db      "tick ", 0
newline:        db      13, 10, 0
finished:       db      "No more ticks.", 13, 10, 0

        times   510 - ($ - $$) db 0
        dw      0xAA55
