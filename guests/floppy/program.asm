; floppy, part 2: a program that talks to the BIOS
;
; Shows    The services that programs of DOS's time lived on: text on the screen (INT 10h), the keyboard
;          (INT 16h), sectors (INT 13h), memory (INT 12h and 15h), the time of day (INT 1Ah), the serial
;          port (INT 14h). Errors come back in the carry flag, which the BIOS changes on our stack.
; How      Every line goes to the screen by INT 10h and to the serial port by INT 14h. What is printed must
;          be the same on every PC, so values that differ (memory, time) are checked and not shown. Keys are
;          put into the keyboard's ring by INT 16h/05h, because nobody sits at this one.
; Read     Ralf Brown's Interrupt List, at the functions named below.
; Expect   The lines in expected.txt, then power-off.
; Build    nasm -f bin -o program.bin program.asm. floppy.asm puts it on the floppy. The boot sector (boot.asm) jumps to 0000:8000, DL = drive.

        cpu     386
        bits    16
        org     0x8000

BUFFER          equ     0x9000
VERIFY          equ     0xA000
README_SECTOR   equ     34              ; see floppy.asm: cluster 3
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

%macro say 1
        mov     si, %1
        call    print
%endmacro

start:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     [drive], dl
        mov     ax, 0x0003              ; INT 10h/00h: 80 x 25 characters, which clears the screen
        int     0x10
        mov     ax, 0x00E3              ; INT 14h/00h: 9600 baud, 8 bits, no parity, 1 stop bit
        xor     dx, dx
        int     0x14

        say     hello
        call    screen
        call    memory
        call    drive_parameters
        call    sectors
        call    errors
        call    keyboard
        call    time
        call    read_file
        say     bye

power_off:
        mov     dx, 0x3FD               ; the last character must be out before the power is
.drain:
        in      al, dx
        test    al, 0x40
        jz      .drain
        mov     dx, POWER_PORT
        mov     ax, POWER_OFF
        out     dx, ax
.halt:
        cli
        hlt
        jmp     .halt

; INT 10h/0Fh, 02h, 09h, 08h: mode, then a character placed in the last row and read back with its colour.
screen:
        mov     ah, 0x0F
        int     0x10
        cmp     ax, 0x5003              ; 80 columns, mode 3
        jne     .bad
        mov     ah, 0x03                ; where is the cursor?
        int     0x10
        push    dx
        mov     ah, 0x02
        mov     dx, 0x1800              ; row 24, column 0
        int     0x10
        mov     ax, 0x0900 + '#'
        mov     bl, 0x4E                ; yellow on red
        mov     cx, 1
        int     0x10
        mov     ah, 0x08
        int     0x10
        pop     dx
        push    ax
        mov     ah, 0x02
        int     0x10
        pop     ax
        cmp     ax, 0x4E00 + '#'
        je      .good
        cmp     ax, 0x0720              ; a machine without a screen reads blanks
        jne     .bad
.good:
        say     screen_good
        ret
.bad:
        say     screen_bad
        ret

; INT 12h and INT 15h/E820h: the map must begin with conventional memory and hold RAM at 1 MiB.
memory:
        int     0x12
        cmp     ax, 600
        jb      .bad
        xor     ebx, ebx
        xor     bp, bp                  ; RAM at 1 MiB was seen
.entry:
        mov     eax, 0xE820
        mov     edx, 0x534D4150         ; 'SMAP'
        mov     ecx, 20
        mov     di, BUFFER
        int     0x15
        jc      .end
        cmp     eax, 0x534D4150
        jne     .bad
        cmp     dword [BUFFER], 0x100000
        jne     .next
        cmp     dword [BUFFER + 16], 1
        jne     .next
        inc     bp
.next:
        test    ebx, ebx
        jnz     .entry
.end:
        cmp     bp, 1
        jne     .bad
        say     memory_good
        ret
.bad:
        say     memory_bad
        ret

; INT 13h/08h: a 1.44 MB floppy has 80 cylinders, 2 heads, 18 sectors.
drive_parameters:
        mov     ah, 0x08
        mov     dl, [drive]
        push    es
        int     0x13
        pop     es
        jc      .bad
        mov     [last_head], dh
        push    cx
        movzx   ax, ch
        inc     ax
        call    number
        say     cylinders
        movzx   ax, byte [last_head]
        inc     ax
        call    number
        say     heads
        pop     ax
        and     ax, 0x3F
        call    number
        say     sectors_text
        ret
.bad:
        say     disk_bad
        ret

; INT 13h/03h, 04h, 02h: a sector is written, verified and read back.
sectors:
        mov     di, BUFFER
        mov     cx, 512
        mov     al, 0
.fill:
        stosb
        add     al, 7
        loop    .fill
        mov     ax, 0x0301
        mov     bx, BUFFER
        call    scratch
        jc      .bad
        mov     ax, 0x0401
        call    scratch
        jc      .bad
        mov     ax, 0x0201
        mov     bx, VERIFY
        call    scratch
        jc      .bad
        mov     si, BUFFER
        mov     di, VERIFY
        mov     cx, 512
        repe cmpsb
        jne     .bad
        say     sector_good
        ret
.bad:
        say     disk_bad
        ret

; Calls INT 13h for the last sector, which no file uses: cylinder 79, head 1, sector 18.
scratch:
        mov     cx, (79 << 8) | 18
        mov     dh, 1
        mov     dl, [drive]
        int     0x13
        ret

; INT 13h with a sector that is not there, and a function that is not: carry, and AH is not 0.
errors:
        mov     ax, 0x0201
        mov     bx, VERIFY
        mov     cx, 19                  ; a track has 18
        mov     dh, 0
        mov     dl, [drive]
        int     0x13
        jnc     .bad
        test    ah, ah
        jz      .bad
        mov     ah, 0x7E
        mov     dl, [drive]
        int     0x13
        jnc     .bad
        say     errors_good
        ret
.bad:
        say     errors_bad
        ret

; INT 16h/05h puts keys into the ring, 01h looks at the first, 00h takes them, until Enter.
keyboard:
        mov     si, typed
.store:
        lodsw
        test    ax, ax
        jz      .look
        mov     cx, ax
        mov     ah, 0x05
        int     0x16
        test    al, al
        jnz     .bad
        jmp     .store
.look:
        mov     ah, 0x01
        int     0x16
        jz      .bad
        say     you_typed
.key:
        mov     ah, 0x00
        int     0x16
        cmp     al, 13
        je      .enter
        call    put
        jmp     .key
.enter:
        say     new_line
        mov     ah, 0x01                ; nothing is left
        int     0x16
        jnz     .bad
        ret
.bad:
        say     keyboard_bad
        ret

; INT 1Ah/00h: the count of ticks moves, with HLT until it does; 04h: a date in packed decimal.
time:
        mov     ah, 0x00
        int     0x1A
        mov     bx, dx
        mov     cx, 100                 ; interrupts to wait for, at most
.wait:
        hlt
        push    cx
        mov     ah, 0x00
        int     0x1A
        pop     cx
        cmp     dx, bx
        jne     .moved
        loop    .wait
        jmp     .bad
.moved:
        mov     ah, 0x04
        int     0x1A
        jc      .bad
        cmp     cx, 0x1970
        jb      .bad
        say     time_good
        ret
.bad:
        say     time_bad
        ret

; README.TXT by its place: from a linear sector to cylinder, head and sector, as the boot sector does it.
read_file:
        mov     ax, README_SECTOR
        xor     dx, dx
        mov     cx, 18
        div     cx
        mov     cl, dl
        inc     cl
        mov     dh, al
        and     dh, 1
        shr     ax, 1
        mov     ch, al
        mov     ax, 0x0201
        mov     bx, BUFFER
        mov     dl, [drive]
        int     0x13
        jc      .bad
        mov     si, BUFFER
        jmp     print                   ; the text ends at the first zero of its sector
.bad:
        say     disk_bad
        ret

; Prints AX in decimal.
number:
        xor     cx, cx
        mov     bx, 10
.divide:
        xor     dx, dx
        div     bx
        push    dx
        inc     cx
        test    ax, ax
        jnz     .divide
.digit:
        pop     ax
        add     al, '0'
        call    put
        loop    .digit
        ret

; Prints the text at SI up to its zero.
print:
        lodsb
        test    al, al
        jz      .done
        call    put
        jmp     print
.done:
        ret

; Prints the character in AL: on the screen by INT 10h/0Eh, on the serial port by INT 14h/01h.
put:
        pusha
        mov     cl, al
        mov     ah, 0x0E
        mov     bx, 0x0007
        int     0x10
        mov     al, cl
        mov     ah, 0x01
        xor     dx, dx
        int     0x14
        popa
        ret

hello           db      "PROGRAM.BIN, loaded from a FAT12 floppy by INT 13h", 13, 10, 0
screen_good     db      "INT 10h: mode 3, 80 columns, a character read back", 13, 10, 0
screen_bad      db      "INT 10h: the screen is wrong", 13, 10, 0
memory_good     db      "INT 12h and 15h: conventional memory, and RAM at 1 MiB", 13, 10, 0
memory_bad      db      "INT 12h or 15h: the memory is wrong", 13, 10, 0
cylinders       db      " cylinders, ", 0
heads           db      " heads, ", 0
sectors_text    db      " sectors", 13, 10, 0
sector_good     db      "INT 13h: a sector written, verified and read back", 13, 10, 0
errors_good     db      "INT 13h: errors come back in the carry flag", 13, 10, 0
errors_bad      db      "INT 13h: an error is missing", 13, 10, 0
disk_bad        db      "INT 13h: the disk is wrong", 13, 10, 0
you_typed       db      "INT 16h: ", 0
keyboard_bad    db      "INT 16h: the keyboard is wrong", 13, 10, 0
time_good       db      "INT 1Ah: time passes", 13, 10, 0
time_bad        db      "INT 1Ah: the time is wrong", 13, 10, 0
bye             db      "Good-bye.", 13, 10, 0
new_line        db      13, 10, 0

typed:                                  ; scan code in the high byte
        dw      0x2F00 + 'V', 0x1700 + 'i', 0x2E00 + 'c', 0x2600 + 'l', 0x1C0D, 0
drive           db      0
last_head       db      0

