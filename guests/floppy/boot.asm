; floppy, part 1: a FAT12 boot sector that loads a program by its name
;
; Shows    What a boot sector of DOS's time does with 446 bytes: ask the BIOS for sectors by cylinder, head
;          and sector (INT 13h), find a file in the root directory, follow its chain of clusters through the
;          12-bit entries of the file allocation table, and jump to it.
; How      The BIOS parameter block says where everything is, so the arithmetic works for any FAT12 floppy:
;              first FAT        = reserved sectors
;              root directory   = reserved + FATs * sectors per FAT
;              data (cluster 2) = root + 32 * root entries / 512
; Read     Microsoft, "FAT: General Overview of On-Disk Format"; Ralf Brown's Interrupt List, INT 13h/02h.
; Expect   Nothing of its own: what appears is printed by the program (program.asm).
; Build    nasm -f bin -o boot.bin boot.asm. floppy.asm makes the image from it.

        cpu     186
        bits    16
        org     0x7C00

FAT_BUFFER      equ     0x1000          ; the first FAT, 9 sectors
ROOT_BUFFER     equ     0x3000          ; one sector of the root directory at a time
PROGRAM         equ     0x8000          ; where the program goes: 0000:8000
LAST_CLUSTER    equ     0xFF8

        jmp     short start
        nop

; The BIOS parameter block of a 1.44 MB floppy
oem:                    db      "KVMSHARP"
bytes_per_sector:       dw      512
sectors_per_cluster:    db      1
reserved_sectors:       dw      1
fats:                   db      2
root_entries:           dw      224
total_sectors:          dw      2880
media:                  db      0xF0
sectors_per_fat:        dw      9
sectors_per_track:      dw      18
heads:                  dw      2
hidden_sectors:         dd      0
total_sectors_32:       dd      0
drive:                  db      0       ; what the BIOS gave us in DL
                        db      0
                        db      0x29    ; the next three fields are there
volume_id:              dd      0x12345678
volume_label:           db      "KVMSHARP   "
file_system:            db      "FAT12   "

start:
        cli
        jmp     0:main
main:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7C00
        cld
        sti
        mov     [drive], dl

        mov     ax, [reserved_sectors]  ; the first FAT
        mov     bx, FAT_BUFFER
        mov     cx, [sectors_per_fat]
.fat:
        call    read_sector
        loop    .fat

        mov     al, [fats]              ; the root directory
        mul     byte [sectors_per_fat]
        add     ax, [reserved_sectors]
        mov     cx, [root_entries]
        shr     cx, 4                   ; 16 entries of 32 bytes in a sector
        mov     di, ax
        add     di, cx
        mov     [data_start], di
.directory:
        mov     bx, ROOT_BUFFER
        call    read_sector
        mov     di, ROOT_BUFFER
.entry:
        push    cx
        push    di
        mov     si, name
        mov     cx, 11
        repe cmpsb
        pop     di
        pop     cx
        je      found
        add     di, 32
        cmp     di, ROOT_BUFFER + 512
        jb      .entry
        loop    .directory
        mov     si, missing
        jmp     fail

found:
        mov     si, [di + 26]           ; the first cluster
        mov     bx, PROGRAM
.cluster:
        lea     ax, [si - 2]
        add     ax, [data_start]        ; one sector in a cluster
        call    read_sector
        mov     di, si                  ; entry n is the 12 bits at n * 3 / 2
        shr     di, 1
        add     di, si
        mov     ax, [FAT_BUFFER + di]
        test    si, 1
        jz      .even
        shr     ax, 4
.even:
        and     ax, 0xFFF
        mov     si, ax
        cmp     ax, LAST_CLUSTER
        jb      .cluster
        mov     dl, [drive]
        jmp     0:PROGRAM

; Reads sector AX to ES:BX and moves both on to the next. Tries three times, as real floppies need their motor to turn.
read_sector:
        pusha
        mov     di, 3
.again:
        push    ax
        push    bx
        xor     dx, dx
        div     word [sectors_per_track] ; DX = sector on the track, from 0
        mov     cl, dl
        inc     cl
        xor     dx, dx
        div     word [heads]            ; AX = cylinder, DX = head
        mov     ch, al
        mov     dh, dl
        mov     dl, [drive]
        mov     ax, 0x0201
        int     0x13
        pop     bx
        pop     ax
        jnc     .done
        push    ax
        xor     ah, ah                  ; reset the drive
        int     0x13
        pop     ax
        dec     di
        jnz     .again
        mov     si, broken
        jmp     fail
.done:
        popa
        inc     ax
        add     bx, 512
        ret

fail:
        lodsb
        test    al, al
        jz      .halt
        mov     ah, 0x0E
        mov     bx, 7
        int     0x10
        jmp     fail
.halt:
        cli
        hlt
        jmp     .halt

name:   db      "PROGRAM BIN"
missing db      "PROGRAM.BIN is missing.", 13, 10, 0
broken  db      "The floppy cannot be read.", 13, 10, 0

        times   510 - ($ - $$) db 0
        dw      0xAA55

data_start      equ     0x7E00          ; a word behind the sector
