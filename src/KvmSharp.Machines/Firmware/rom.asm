; The firmware's ROM: the last 8 KiB below 1 MiB, F000:E000 to F000:FFFF
;
; How      Almost nothing happens here. Each interrupt has an entry of a few bytes that saves the registers on
;          the caller's stack and writes the stack's address to one port. Behind the port, managed code reads
;          the registers from the stack, does the work, and stores the results there. Then they are popped.
; Frame    What SS:SP points to at the OUT, and what CpuFrame.cs reads and writes:
;            0 EDI   4 ESI   8 EBP  12 ESP (not restored)  16 EBX  20 EDX  24 ECX  28 EAX
;           32 ES   34 DS   36 the service's number   37 not 0: wait for an interrupt, then ask again
;           38 IP   40 CS   42 FLAGS, which INT pushed and IRET pops: a service returns its carry here
; Where    Entries lie where IBM's BIOS has them, because some programs jump there.
;          Source: IBM PC AT Technical Reference, "ROM BIOS listing"; the list of compatible entry points
;          in Phoenix, "System BIOS for IBM PCs, Compatibles, and EISA Computers".
; Build    nasm -f bin -Wall -Werror -o rom.bin rom.asm

        cpu     486                     ; runs on every processor model
        bits    16

ROM             equ     0xE000          ; the offset of this file's first byte in segment F000
ROM_SEGMENT     equ     0xF000
FIRMWARE_CALL   equ     0x0880          ; PcLayout.FirmwareCall
STACK_TOP       equ     0x7C00
PIC1            equ     0x20            ; command ports of the interrupt controllers
PIC2            equ     0xA0
EOI             equ     0x20            ; non-specific end of interrupt
KEYBOARD_DATA   equ     0x60
FPU_CLEAR_BUSY  equ     0xF0
FRAME_WAIT      equ     37

; Services that are no interrupt of their own number
POST            equ     0xF0            ; fills vectors and data areas, sets up the chips

; The KEY service's answer in AL: what the interrupt handler does next
NEXT_PRINT      equ     0x05            ; INT 05h: Print Screen
NEXT_BREAK      equ     0x1B            ; INT 1Bh: Ctrl-Break
NEXT_SYSREQ     equ     0x85            ; INT 15h, function 85h: SysRq was pressed (AL 0) or released (AL 1)
NEXT_RESTART    equ     0xFF            ; Ctrl-Alt-Del

%macro place 1                           ; fills up to an offset in the segment
        times   %1 - ROM - ($ - $$) db 0xFF
%endmacro

%macro service 1                        ; the whole entry of an interrupt
        push    word %1
        jmp     near call_firmware
%endmacro

%macro ask 1                            ; the same from code in this ROM, as if by INT
        pushf
        push    cs
        call    %%entry
        jmp     short %%done
%%entry:
        service %1
%%done:
%endmacro

        org     ROM

; ---- the exit ---------------------------------------------------------------------------------------------

call_firmware:
        push    ds
        push    es
        pushad
.again:
        xor     eax, eax
        mov     ax, ss
        shl     eax, 16
        mov     ax, sp                  ; EAX = SS:SP
        mov     dx, FIRMWARE_CALL
        out     dx, eax
        mov     bp, sp
        cmp     byte [bp + FRAME_WAIT], 0
        je      .done
        sti                             ; the work cannot be done yet: any interrupt may change that
        hlt
        cli
        jmp     .again
.done:
        popad
        pop     es
        pop     ds
        add     sp, 2                   ; the number; the flags that this changes come back by IRET
        iret

        place   0xE05B                  ; power-on and restart
        jmp     near power_on

        place   0xE060                  ; entries of INT 00h to 77h; 0 is a vector of 0
vectors:
        dw      nothing, nothing, int02, nothing, nothing, int05, nothing, nothing      ; 00h to 07h
        dw      int08, int09, irq_low, irq_low, irq_low, irq_low, irq_low, irq_low      ; 08h to 0Fh: IRQ 0 to 7
        dw      int10, int11, int12, int13, int14, int15, int16, int17                  ; 10h to 17h
        dw      int18, int19, int1a, nothing, nothing, video_table, floppy_table, 0     ; 18h to 1Fh
        times   0x40 - 0x20 dw nothing                                                  ; 20h to 3Fh
        dw      int13, 0, int10, 0, nothing, nothing, 0, nothing                        ; 40h to 47h
        dw      nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing  ; 48h to 4Fh
        times   0x60 - 0x50 dw nothing                                                  ; 50h to 5Fh
        times   8 dw 0                                                                  ; 60h to 67h: for programs
        times   8 dw nothing                                                            ; 68h to 6Fh
        dw      int70, int71, irq_high, irq_high, irq_high, int75, irq_high, irq_high   ; 70h to 77h: IRQ 8 to 15

; ---- power-on ---------------------------------------------------------------------------------------------

power_on:
        cli
        cld
        xor     ax, ax
        mov     ss, ax
        mov     sp, STACK_TOP
        ask     POST
        sti
        int     0x19

; Only the boot service leaves this: it changes the address that IRET returns to into 0000:7C00.
boot:
        cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, STACK_TOP
        ask     0x19
        jmp     short stop
boot_next:
        cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, STACK_TOP
        ask     0x18
stop:                                   ; nothing to boot, and the user was told
        cli
        hlt
        jmp     stop

; ---- interrupts of chips ----------------------------------------------------------------------------------

clock_tick:                             ; IRQ 0: 18.2 times a second
        push    ax
        ask     0x08
        int     0x1C                    ; for programs; before EOI, so that ticks do not pile up
        jmp     short end_low

key_byte:                               ; IRQ 1
        push    ax
        in      al, KEYBOARD_DATA
        mov     ah, 0x4F                ; a program may change the scan code, or swallow it
        stc
        int     0x15
        jnc     end_low
        ask     0x09                    ; AL = scan code; gives AL = what to do next
        cmp     al, NEXT_RESTART
        je      .restart
        push    ax
        mov     al, EOI
        out     PIC1, al
        pop     ax
        cmp     al, NEXT_BREAK
        je      .break
        cmp     al, NEXT_PRINT
        je      .print
        cmp     al, NEXT_SYSREQ
        jne     .done
        xchg    al, ah                  ; AH = 85h, AL = pressed or released
        int     0x15
.done:
        pop     ax
        iret
.break:
        int     0x1B
        jmp     .done
.print:
        int     0x05
        jmp     .done
.restart:
        jmp     ROM_SEGMENT:power_on

clock_chip:                             ; IRQ 8: alarm or periodic
        push    ax
        ask     0x70                    ; gives AL = 4Ah for an alarm
        cmp     al, 0x4A
        jne     end_high
        int     0x4A
        jmp     short end_high

int71:                                  ; IRQ 9: the line that was IRQ 2 on the first PC
        push    ax
        mov     al, EOI
        out     PIC2, al
        pop     ax
        int     0x0A
        iret

int75:                                  ; IRQ 13: the numeric coprocessor, as it was reported to the first PC
        push    ax
        xor     al, al
        out     FPU_CLEAR_BUSY, al
        mov     al, EOI
        out     PIC2, al
        out     PIC1, al
        pop     ax
        int     0x02
        iret

irq_high:                               ; a line that nobody handles
        push    ax
end_high:
        mov     al, EOI
        out     PIC2, al
        jmp     short end_low
irq_low:
        push    ax
end_low:
        mov     al, EOI
        out     PIC1, al
        pop     ax
        iret

int18:  jmp     boot_next
int70:  jmp     clock_chip

; ---- entries at their places ------------------------------------------------------------------------------

        place   0xE2C3
int02:  iret                            ; NMI

        place   0xE3FE
int13:  service 0x13

        place   0xE6F2
int19:  jmp     near boot

        place   0xE6F5                  ; INT 15h, function C0h
configuration:
        dw      8                       ; bytes that follow
        db      0xFC, 0x01, 0x00        ; model PC/AT, submodel, revision
        db      0x74                    ; second 8259A, clock, INT 15h/4Fh is called, extended BIOS data area
        db      0x40, 0, 0, 0           ; INT 16h/09h is there

        place   0xE739
int14:  service 0x14

        place   0xE82E
int16:  service 0x16

        place   0xE987
int09:  jmp     near key_byte

        place   0xEC59                  ; the floppy's own entry
        service 0x13

        place   0xEFC7                  ; INT 1Eh: a 1.44 MB drive, in the bytes of the controller's commands
floppy_table:
        db      0xAF, 0x02, 0x25, 2, 18, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 0x08

        place   0xEFD2
int17:  service 0x17

        place   0xF065
int10:  service 0x10

        place   0xF0A4                  ; INT 1Dh: 6845 registers of 40x25, 80x25, graphics and monochrome
video_table:
        db      0x38, 0x28, 0x2D, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0
        db      0x71, 0x50, 0x5A, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0
        db      0x38, 0x28, 0x2D, 0x0A, 0x7F, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0
        db      0x61, 0x50, 0x52, 0x0F, 0x19, 6, 0x19, 0x19, 2, 0xD, 0xB, 0xC, 0, 0, 0, 0
        dw      2048, 4096, 16384, 16384 ; bytes of video memory
        db      40, 40, 80, 80, 40, 40, 80, 80                  ; columns by mode
        db      0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29  ; mode control by mode

        place   0xF841
int12:  service 0x12

        place   0xF84D
int11:  service 0x11

        place   0xF859
int15:  service 0x15

        place   0xFE6E
int1a:  service 0x1A

        place   0xFEA5
int08:  jmp     near clock_tick

        place   0xFF53
nothing:
        iret

        place   0xFF54
int05:  iret                            ; Print Screen: there is no printer

        place   0xFFF0                  ; where the processor starts
        jmp     ROM_SEGMENT:power_on
        db      "11/21/26"              ; the ROM's date, which programs read here
        place   0xFFFE
        db      0xFC                    ; model: PC/AT
        db      0
