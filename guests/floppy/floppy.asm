; floppy: a bootable 1.44 MB floppy, made by the assembler
;
; Shows    How a FAT12 volume is laid out, sector by sector, and how firmware, boot sector and program hand
;          over to each other: boot.asm (part 1) is loaded by the firmware and loads program.asm (part 2).
; How      Everything is placed by its sector number. The program's clusters are not neighbours, so that the
;          boot sector really has to follow its chain: 2, 4, 6. Cluster 3 is README.TXT.
; Read     Microsoft, "FAT: General Overview of On-Disk Format".
; Expect   The lines in expected.txt, on the screen and on the serial port, then power-off.
; Build    nasm -f bin -I folder-of-the-parts/ -o floppy.img floppy.asm, behind boot.asm and program.asm; ./build.sh does it.

SECTOR          equ     512
SECTORS         equ     2880
FAT_1           equ     1               ; first sectors
FAT_2           equ     10
ROOT            equ     19
DATA            equ     33              ; cluster 2
PROGRAM_BYTES   equ     3 * SECTOR
END_OF_FILE     equ     0xFFF
FREE            equ     0
ARCHIVE         equ     0x20
VOLUME          equ     0x08
DATE            equ     (46 << 9) | (11 << 5) | 21 ; 2026-11-21, counted from 1980

%macro sector 1                         ; fills up to a sector
        times   (%1) * SECTOR - ($ - $$) db 0
%endmacro

%macro cluster 1
        sector  DATA + %1 - 2
%endmacro

%macro pair 2                           ; two entries of 12 bits in three bytes
        db      (%1) & 0xFF, (((%1) >> 8) & 0x0F) | (((%2) & 0x0F) << 4), (%2) >> 4
%endmacro

%macro fat 0
        pair    0xFF0, END_OF_FILE      ; the medium, and a mark
        pair    4, END_OF_FILE          ; 2 goes on at 4; 3 is a file of one cluster
        pair    6, FREE                 ; 4 goes on at 6
        pair    END_OF_FILE, FREE       ; 6 is the last
%endmacro

%macro file 4                           ; name of 8 + 3 characters, attributes, first cluster, bytes
        db      %1, %2
        times   10 db 0
        dw      0, DATE, %3             ; time and date of the last write
        dd      %4
%endmacro

        incbin  "boot.bin"
        sector  FAT_1
        fat
        sector  FAT_2
        fat

        sector  ROOT
        file    "KVMSHARP   ", VOLUME, 0, 0
        file    "README  TXT", ARCHIVE, 3, readme_end - readme
        file    "PROGRAM BIN", ARCHIVE, 2, PROGRAM_BYTES

        cluster 2
        incbin  "program.bin", 0, SECTOR
        cluster 3
readme:
        db      "README.TXT: this floppy was made by an assembler.", 13, 10
readme_end:
        cluster 4
        incbin  "program.bin", SECTOR, SECTOR
        cluster 6
        incbin  "program.bin", 2 * SECTOR
        sector  SECTORS
