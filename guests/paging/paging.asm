; paging: a page fault that mends itself
;
; Shows    Paging turned on; page faults with their error code and address; a handler that maps the
;          page and lets the instruction run again; read-only pages, the accessed and dirty bits,
;          INVLPG, and a 4 MiB page.
; How      The first 4 MiB are mapped to themselves with 4 KiB pages, so the code goes on where it is
;          when CR0.PG is set. Linear addresses from 00C00000h have no page at all. Each access there
;          faults; the handler prints what it was told, takes the next free frame, writes the entry
;          and returns: the same instruction runs again and finds its page.
; Read     Intel SDM volume 3, "32-Bit Paging", "Page-Fault Exceptions", "Accessed and Dirty Flags"
;          and "Invalidation of TLBs and Paging-Structure Caches".
; Expect   Three page faults (error codes 2, 0 and 3) and what was read back; then power-off.
; Build    nasm -f bin -o paging.bin paging.asm

        cpu     686
        bits    32

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

PRESENT         equ     0x001           ; bits of a page-directory or page-table entry
WRITABLE        equ     0x002
ACCESSED        equ     0x020
DIRTY           equ     0x040
LARGE           equ     0x080           ; page directory only: this entry maps 4 MiB

CR0_WP          equ     1 << 16         ; the kernel, too, respects read-only pages
CR0_PG          equ     1 << 31
CR4_PSE         equ     1 << 4          ; allows LARGE

HOLE            equ     0x00C00000      ; entry 3 of the page directory: nothing there at first
LARGE_ALIAS     equ     0x40000000      ; will be a second view of the first 4 MiB

; A multiboot 1 header. With bit 16 set it carries its own addresses, so that a flat file will do: of
; the header, of the first byte, of the end of the file's part, of the end of the zeroed part, the entry.
MB_MAGIC        equ     0x1BADB002
MB_FLAGS        equ     0x00010000

        org     0x100000
        section .text
header:
        dd      MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)
        dd      header, header, image_end, bss_end, start

%define crlf    13, 10

%macro outb 2
        mov     dx, %1
        mov     al, %2
        out     dx, al
%endmacro

%macro print 1+                         ; print "text", crlf
[section .data]
%%text: db      %1, 0
__?SECT?__
        mov     esi, %%text
        call    puts
%endmacro

start:
        cli
        cld
        mov     esp, stack_top
        lgdt    [gdt_pointer]           ; the loader need not leave us a usable one
        jmp     8:.flat
.flat:
        mov     eax, 16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax

        outb    COM1 + 1, 0             ; polled UART, 115200 8N1
        outb    COM1 + 3, 0x80
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 2, 0x07

        mov     eax, page_fault         ; interrupt gate 14: offset, code selector, present, 32-bit
        mov     [idt + 8 * 14], ax
        mov     word [idt + 8 * 14 + 2], 8
        mov     word [idt + 8 * 14 + 4], 0x8E00
        shr     eax, 16
        mov     [idt + 8 * 14 + 6], ax
        lidt    [idt_pointer]

        mov     edi, low_table          ; linear = physical for the first 1024 pages
        mov     eax, PRESENT | WRITABLE
        mov     ecx, 1024
.identity:
        stosd
        add     eax, 4096
        loop    .identity
        mov     dword [directory], low_table + (PRESENT | WRITABLE)

        mov     eax, directory
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG | CR0_WP
        mov     cr0, eax
        print   "Paging is on", crlf

        ; A store where there is no page table yet: error 2 = not present, write, supervisor.
        mov     dword [HOLE + 0x124], 0xCAFEF00D
        print   "  stored; the frame holds "
        mov     eax, [frames + 0x124]   ; the first frame, seen through the identity mapping
        call    put_line

        ; A load: error 0 = not present, read, supervisor. The new frame is empty.
        mov     eax, [HOLE + 0x1010]
        push    eax
        print   "  loaded "
        pop     eax
        call    put_line

        ; That load set the accessed bit of the entry; a store adds the dirty bit.
        print   "entry bits after a load:  "
        mov     eax, [high_table + 4 * 1]
        and     eax, ACCESSED | DIRTY
        call    put_line
        mov     byte [HOLE + 0x1010], 1
        print   "entry bits after a store: "
        mov     eax, [high_table + 4 * 1]
        and     eax, ACCESSED | DIRTY
        call    put_line

        ; Make the first page read-only. The processor may remember the old entry: INVLPG forgets it.
        and     dword [high_table], ~WRITABLE
        invlpg  [HOLE]
        add     dword [HOLE + 0x124], 1 ; error 3 = present (so: not allowed), write, supervisor
        print   "  added; now "
        mov     eax, [HOLE + 0x124]
        call    put_line

        ; Let the same linear page show another frame.
        mov     dword [frames + 2 * 4096 + 0x124], 0x0DDBA115
        mov     dword [high_table], frames + 2 * 4096 + (PRESENT | WRITABLE)
        invlpg  [HOLE]
        print   "another frame: "
        mov     eax, [HOLE + 0x124]
        call    put_line

        ; One entry of the directory maps 4 MiB at a stroke.
        mov     eax, cr4
        or      eax, CR4_PSE
        mov     cr4, eax
        mov     dword [directory + 4 * (LARGE_ALIAS >> 22)], 0 + (PRESENT | WRITABLE | LARGE)
        print   "through the 4 MiB page: "
        mov     eax, [LARGE_ALIAS + frames + 0x124]
        call    put_line

        print   "page faults: "
        mov     eax, [fault_count]
        call    put_line

        mov     eax, cr0
        and     eax, ~CR0_PG            ; and off again: the identity mapping makes this seamless
        mov     cr0, eax
        print   "Paging is off", crlf
        jmp     power_off

; #PF: the processor has pushed EFLAGS, CS, EIP and an error code, and put the address into CR2.
page_fault:
        pusha
        inc     dword [fault_count]
        print   "page fault: error="
        mov     eax, [esp + 32]         ; above the eight registers of PUSHA
        call    put_hex
        print   " address="
        mov     eax, cr2
        call    put_hex

        mov     ebx, cr2
        and     ebx, ~4095              ; the page
        mov     edi, ebx
        shr     edi, 12
        and     edi, 1023               ; its index in the page table
        test    dword [esp + 32], 1     ; bit 0: a page was there, and forbade the access
        jnz     .allow

        mov     dword [directory + 4 * (HOLE >> 22)], high_table + (PRESENT | WRITABLE)
        mov     eax, [next_frame]
        add     dword [next_frame], 4096
        or      eax, PRESENT | WRITABLE
        mov     [high_table + 4 * edi], eax
        print   ", mapped", crlf
        jmp     .again
.allow:
        or      dword [high_table + 4 * edi], WRITABLE
        invlpg  [ebx]
        print   ", made writable", crlf
.again:
        popa
        add     esp, 4                  ; the error code is ours to remove
        iret                            ; to the instruction that faulted

put_line:
        call    put_hex
        print   crlf
        ret

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

; Prints the zero-terminated string at ESI.
puts:
        lodsb
        test    al, al
        jz      .done
        call    putc
        jmp     puts
.done:
        ret

; Prints EAX as eight hexadecimal digits.
put_hex:
        mov     ecx, 8
.digit:
        rol     eax, 4
        push    eax
        and     al, 0x0F
        cmp     al, 10                  ; CMP, SBB, DAS turn 0..15 into '0'..'F'
        sbb     al, 0x69
        das
        call    putc
        pop     eax
        loop    .digit
        ret

; Sends AL. Changes AH and DX.
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

        section .data
        align   8
gdt:            dq      0
                dq      0x00CF9A000000FFFF      ; 08: flat code
                dq      0x00CF92000000FFFF      ; 10: flat data
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt
idt_pointer:    dw      8 * 15 - 1
                dd      idt
next_frame:     dd      frames
fault_count:    dd      0
image_end:

        section .bss align=4096
directory:      resb    4096
low_table:      resb    4096
high_table:     resb    4096
frames:         resb    4 * 4096
idt:            resb    8 * 15
                resb    4096
stack_top:
bss_end:
