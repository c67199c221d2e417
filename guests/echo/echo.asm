; echo: a conversation over the serial port, driven by interrupts
;
; Shows    Interrupt-driven input: UART -> IRQ 4 -> handler -> queue -> main program, which sleeps in
;          HLT while there is nothing to do.
; How      The handler takes every waiting byte out of the UART and puts it into a ring of 256 bytes,
;          whose 8-bit head and tail wrap by themselves. When the ring is full the handler turns the
;          UART's interrupt off, and the program turns it on again. The main loop takes bytes out, turns letters
;          into capitals and shows each line in brackets. A carriage return or a line feed ends a
;          line; one right after the other counts once. The line "quit" or a Ctrl-D ends the guest.
;          The FIFOs are left alone on purpose: switching them empties them, and a byte that was sent
;          before this sector got control would be lost.
; Read     16550 UART datasheet, "Interrupt Enable Register" and "Modem Control Register" (OUT2 opens
;          the interrupt line on a PC); Intel 8259A datasheet, "Operation Command Words";
;          Intel SDM volume 2, "STI".
; Expect   A prompt line, then each line of input.txt in capitals and brackets, "bye", power-off.
; Build    nasm -f bin -o echo.img echo.asm

        cpu     686
        bits    16
        org     0x7C00

COM1            equ     0x3F8
COM1_IER        equ     COM1 + 1
COM1_LSR        equ     COM1 + 5
IER_DATA        equ     0x01            ; interrupt when data is ready
LSR_DR          equ     0x01            ; data ready: a received byte waits
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

PIC1_COMMAND    equ     0x20
PIC1_DATA       equ     0x21
PIC2_COMMAND    equ     0xA0
PIC2_DATA       equ     0xA1
PIC_EOI         equ     0x20
IRQ_BASE        equ     0x20
SERIAL_VECTOR   equ     IRQ_BASE + 4    ; COM1 is wired to IRQ 4

RING            equ     0x0600          ; 256 bytes, low memory that nobody else uses
CTRL_D          equ     4
CR              equ     13
LF              equ     10

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

        mov     word [4 * SERIAL_VECTOR], on_serial
        mov     word [4 * SERIAL_VECTOR + 2], 0

        outb    PIC1_COMMAND, 0x11      ; ICW1 to ICW4, as in the guest "ticks"
        outb    PIC2_COMMAND, 0x11
        outb    PIC1_DATA, IRQ_BASE
        outb    PIC2_DATA, IRQ_BASE + 8
        outb    PIC1_DATA, 0x04
        outb    PIC2_DATA, 0x02
        outb    PIC1_DATA, 0x01
        outb    PIC2_DATA, 0x01
        outb    PIC1_DATA, 0xEF         ; only IRQ 4 is open
        outb    PIC2_DATA, 0xFF

        outb    COM1 + 3, 0x80          ; divisor
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03          ; 8N1
        outb    COM1 + 4, 0x0B          ; DTR, RTS, and OUT2: let the interrupt through
        outb    COM1_IER, IER_DATA

        mov     si, prompt
        call    puts

        ; DI: length of the line so far; CL: the byte before this one; EBX: the last four letters
        xor     di, di
        xor     cx, cx
        xor     ebx, ebx

next_byte:
        call    take                    ; AL
        mov     ch, cl
        mov     cl, al
        cmp     al, CTRL_D
        je      quit
        cmp     al, CR
        je      end_of_line
        cmp     al, LF
        jne     letter
        cmp     ch, CR                  ; CR LF is one end of line
        je      next_byte
        jmp     end_of_line

letter:
        cmp     al, 'a'
        jb      .capital
        cmp     al, 'z'
        ja      .capital
        sub     al, 'a' - 'A'
.capital:
        shl     ebx, 8
        mov     bl, al
        test    di, di
        jnz     .within
        push    ax
        mov     al, '['                 ; opens with the first letter, so that a person sees it come
        call    putc
        pop     ax
.within:
        inc     di
        call    putc
        jmp     next_byte

end_of_line:
        test    di, di
        jnz     .close
        mov     al, '['                 ; an empty line
        call    putc
.close:
        mov     si, close
        call    puts
        cmp     di, 4
        mov     di, 0                   ; MOV leaves the flags alone
        jne     next_byte
        cmp     ebx, 'TIUQ'             ; "QUIT", the last letter in the lowest byte
        jne     next_byte

quit:
        cli
        mov     si, bye
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

; Takes the next byte out of the ring into AL; sleeps while the ring is empty.
take:
        cli
        mov     si, [ring_tail]
        mov     ax, si
        cmp     al, [ring_head]
        jne     .present
        sti
        hlt                             ; in the shadow of STI: no byte can slip in between
        jmp     take
.present:
        sti
        mov     al, [RING + si]
        inc     byte [ring_tail]
        mov     ah, al
        outb    COM1_IER, IER_DATA      ; there is room now; a byte that waits interrupts at once
        mov     al, ah
        ret

; IRQ 4. Empties the UART: its request line falls only then, and the PIC waits for the next rise.
on_serial:
        push    ax
        push    bx
        push    dx
        xor     bx, bx                  ; BL indexes the ring
.next:
        mov     dx, COM1_LSR
        in      al, dx
        test    al, LSR_DR
        jz      .done
        mov     dx, COM1
        in      al, dx
        mov     bl, [cs:ring_head]
        mov     [cs:RING + bx], al
        inc     bl                      ; BL, not BX: 255 is followed by 0
        mov     [cs:ring_head], bl
        inc     bl
        cmp     bl, [cs:ring_tail]      ; one place stays free: head = tail means empty
        jne     .next
        outb    COM1_IER, 0             ; full: the sender waits, and so do we
.done:
        mov     al, PIC_EOI
        out     PIC1_COMMAND, al
        pop     dx
        pop     bx
        pop     ax
        iret

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

ring_head:      db      0               ; the handler writes here
ring_tail:      dw      0               ; the program reads here (a word: the high byte stays 0)
prompt:         db      'Type; "quit" or Ctrl-D ends.', CR, LF, 0
close:          db      "]", CR, LF, 0
bye:            db      "bye", CR, LF, 0

        times   510 - ($ - $$) db 0
        dw      0xAA55
