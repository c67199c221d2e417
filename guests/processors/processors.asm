; processors: a boot sector that starts all the others
;
; Shows    How a system wakes the further processors: INIT and start-up IPIs from the local APIC.
; How      The first processor goes to flat 32-bit mode, where it reaches the APIC's registers at FEE00000h,
;          and sends INIT and then a start-up IPI to all but itself. The start-up vector 08h makes them begin
;          in real mode at 0800:0000, where a far jump leads back into this sector. All share the serial port:
;          each waits for its turn, a byte that counts up with LOCK.
; Read     Intel SDM volume 3, "Multiple-Processor (MP) Initialization" and "Interrupt Command Register (ICR)";
;          volume 2, "CPUID" (leaf 1: initial APIC id and number of processors).
; Expect   A line from each of four processors in the order of their ids, then the machine is off.
; Build    nasm -f bin -o processors.img processors.asm

        cpu     686
        bits    16
        org     0x7C00

COM1            equ     0x3F8
LSR_THRE        equ     0x20            ; room for a byte
LSR_TEMT        equ     0x40            ; the last bit is on the wire
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000
DELAY_PORT      equ     0x80            ; a write takes about a microsecond on a PC

START_PAGE      equ     0x08            ; start-up vector: execution begins at 08000h
TURN            equ     0x9000          ; whose turn it is to speak
STACKS          equ     0x7000          ; 256 bytes for each processor, downwards

APIC            equ     0xFEE00000
APIC_SVR        equ     APIC + 0xF0     ; spurious vector; bit 8 enables
APIC_ICR        equ     APIC + 0x300    ; interrupt command; writing the low half sends
ALL_BUT_SELF    equ     3 << 18
ASSERT          equ     1 << 14
INIT            equ     5 << 8
STARTUP         equ     6 << 8

start:
        cli
        jmp     0:main
main:
        xor     ax, ax
        mov     ds, ax
        mov     byte [TURN], al

        mov     bx, uart                ; pairs of register and value
.set:
        mov     dx, COM1
        add     dl, [bx]
        mov     al, [bx + 1]
        out     dx, al
        add     bx, 2
        cmp     bx, uart.end
        jne     .set

        mov     byte [START_PAGE << 12], 0xEA ; JMP FAR 0000:other
        mov     word [(START_PAGE << 12) + 1], other
        mov     word [(START_PAGE << 12) + 3], 0
        mov     esi, first
        jmp     protect

other:                                  ; real mode, CS = 0 again, nothing else known
        cli
        xor     ax, ax
        mov     ds, ax
        mov     esi, further
protect:                                ; on to ESI in flat 32-bit mode
        lgdt    [gdtr]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     8:flat

        bits    32
flat:
        mov     ax, 0x10
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     eax, 1
        cpuid
        mov     edi, ebx
        shr     ebx, 24                 ; my id
        mov     eax, ebx
        shl     eax, 8
        mov     esp, STACKS
        sub     esp, eax
        jmp     esi

first:
        shr     edi, 16
        and     edi, 0xFF               ; how many there are ...
        bt      edx, 28
        jc      .several
        mov     edi, 1                  ; ... if that number means anything
.several:
        mov     dword [APIC_SVR], 0x1FF
        mov     dword [APIC_ICR], ALL_BUT_SELF | ASSERT | INIT
        mov     ecx, 10000
.wait:
        out     DELAY_PORT, al          ; 10 milliseconds, as the manual wants it
        loop    .wait
        mov     dword [APIC_ICR], ALL_BUT_SELF | ASSERT | STARTUP | START_PAGE
        call    speak
.others:
        pause
        mov     eax, edi
        cmp     [TURN], al
        jne     .others

        mov     dx, COM1 + 5
.drain:
        in      al, dx
        test    al, LSR_TEMT
        jz      .drain
        mov     dx, POWER_PORT
        mov     ax, POWER_OFF
        out     dx, ax
        jmp     halt

further:
        call    speak
halt:
        cli
        hlt
        jmp     halt

; Waits until it is the turn of EBX, says so, and passes the turn on. Changes EAX, EDX and ESI.
speak:
        pause
        cmp     [TURN], bl
        jne     speak
        mov     esi, message
.next:
        lodsb
        test    al, al
        jz      .done
        cmp     al, '#'
        jne     .put
        mov     al, bl
        add     al, '0'
.put:
        mov     ah, al
        mov     dx, COM1 + 5
.room:
        in      al, dx
        test    al, LSR_THRE
        jz      .room
        mov     dx, COM1
        mov     al, ah
        out     dx, al
        jmp     .next
.done:
        lock inc byte [TURN]
        ret

message db      "Processor # is here.", 13, 10, 0

uart    db      1, 0, 3, 0x80, 0, 1, 1, 0, 3, 3, 2, 7, 4, 3 ; 115200 baud, 8 bits, polled
.end:

        align   8
gdt     dq      0
        dq      0x00CF9A000000FFFF      ; 08h: flat code
        dq      0x00CF92000000FFFF      ; 10h: flat data
gdtr    dw      gdtr - gdt - 1
        dd      gdt

        times   510 - ($ - $$) db 0
        dw      0xAA55
