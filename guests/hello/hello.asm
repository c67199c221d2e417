; hello: a boot sector that talks
;
; Shows    The smallest guest that says something: 512 bytes, real mode, one serial port, power-off.
; How      The sector is loaded at linear address 7C00h and entered in real mode. Nothing else may be
;          assumed, so it sets the segments and the stack, programs the UART at port 3F8h, and then
;          polls the line status register before each byte. It uses no firmware call (INT 10h and the
;          like): on a bare machine there is nobody to answer.
; Read     Intel SDM volume 3, "Real-Address Mode Operation"; volume 1, "I/O Port Addressing";
;          16550 UART datasheet, "Line Control Register" and "Line Status Register".
; Expect   Three lines on the serial port, then the machine is off.
; Build    nasm -f bin -o hello.img hello.asm

        cpu     686
        bits    16
        org     0x7C00

COM1            equ     0x3F8
COM1_DATA       equ     COM1 + 0        ; transmit holding register (divisor low byte when DLAB is 1)
COM1_IER        equ     COM1 + 1        ; interrupt enable (divisor high byte when DLAB is 1)
COM1_FCR        equ     COM1 + 2        ; FIFO control
COM1_LCR        equ     COM1 + 3        ; line control
COM1_MCR        equ     COM1 + 4        ; modem control
COM1_LSR        equ     COM1 + 5        ; line status
LSR_THRE        equ     0x20            ; transmit holding register empty: room for a byte
LSR_TEMT        equ     0x40            ; transmitter empty: the last bit is on the wire

POWER_PORT      equ     0x604           ; ACPI PM1a control register of the board
POWER_OFF       equ     0x2000          ; SLP_EN with SLP_TYP 0: soft off

%macro outb 2
        mov     dx, %1
        mov     al, %2
        out     dx, al
%endmacro

start:
        cli
        jmp     0:main                  ; some firmware enters at 07C0:0000; make it 0000:7Cxx
main:
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 0x7C00              ; the stack grows down, away from this sector
        cld                             ; LODSB is to count up

        outb    COM1_IER, 0             ; polled: no interrupts
        outb    COM1_LCR, 0x80          ; DLAB: the next two writes are the divisor
        outb    COM1_DATA, 1            ; 115200 / 1 baud
        outb    COM1_IER, 0
        outb    COM1_LCR, 0x03          ; DLAB off; 8 data bits, no parity, 1 stop bit
        outb    COM1_FCR, 0x07          ; FIFOs on and empty
        outb    COM1_MCR, 0x03          ; DTR and RTS: we are ready

        mov     si, message
.next:
        lodsb
        test    al, al
        jz      .done
        call    putc
        jmp     .next
.done:
        mov     dx, COM1_LSR
.drain:
        in      al, dx                  ; let the last byte leave before the power goes
        test    al, LSR_TEMT
        jz      .drain

        mov     dx, POWER_PORT
        mov     ax, POWER_OFF
        out     dx, ax                  ; 16 bits wide: the register is a word
.halt:
        cli                             ; a board without that port ends here
        hlt
        jmp     .halt

; Sends AL. Changes AX and DX.
putc:
        mov     ah, al
        mov     dx, COM1_LSR
.wait:
        in      al, dx
        test    al, LSR_THRE
        jz      .wait
        mov     dx, COM1_DATA
        mov     al, ah
        out     dx, al
        ret

message:
        db      "Hello from a boot sector!", 13, 10
        db      "I am 512 bytes at 0000:7C00, in real mode.", 13, 10
        db      "Good-bye.", 13, 10, 0

        times   510 - ($ - $$) db 0
        dw      0xAA55                  ; the mark of a boot sector
