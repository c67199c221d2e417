; memtest: string instructions at work
;
; Shows    STOS, MOVS, CMPS and SCAS with REP, upwards and downwards, with bytes, words and double
;          words, and with 32-bit and 16-bit addresses.
; How      ES and DS are segments whose bases are two 64 KiB buffers, so that offsets begin at 0 and
;          16-bit addresses reach all of them. Each test fills the one buffer, copies it to the other,
;          compares the two, spoils one element and lets SCAS and CMPS find it; then plain loads add
;          up the copy, in case all four agree on the same mistake. With 16-bit addresses only CX, SI
;          and DI count: their upper halves hold a mark that must survive.
; Read     Intel SDM volume 1, "String Operations"; volume 2, "REP/REPE/REPZ/REPNE/REPNZ" and the pages
;          of the four instructions; volume 3, "Segment Descriptors" (base and limit).
; Expect   Twelve lines that end in "ok", four about edge cases, then "memory test passed".
; Build    nasm -f bin -o memtest.bin memtest.asm

        cpu     686
        bits    32

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

SOURCE          equ     0x18            ; selectors of the two 64 KiB buffers
TARGET          equ     0x20
BYTES           equ     0x4000          ; the part of a buffer that a test uses
PATTERN         equ     0xA5C3B496
MARK            equ     0x5AD00000      ; upper halves of ECX, ESI, EDI in the tests with 16-bit addresses

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

; string_test "name", address size (a16 or a32), letter (b, w, d), bytes per element, std or cld
%macro string_test 5
  %ifidn %2, a16
    %assign %%mark MARK
  %else
    %assign %%mark 0
  %endif
    %assign %%count BYTES / %4
  %ifidn %5, std
    %assign %%first BYTES - %4          ; downwards: begin with the last element,
    %assign %%step -%4
  %else
    %assign %%first 0
    %assign %%step %4
  %endif
  %if %%mark != 0
    %assign %%end %%mark + ((%%first + %%count * %%step) & 0xFFFF)      ; an offset wraps at 64 KiB
  %else
    %assign %%end (%%first + %%count * %%step) & 0xFFFFFFFF
  %endif
    %assign %%spoilt %%first + 100 * %%step     ; the element that the searches are to find
    %assign %%found %%mark + %%spoilt + %%step  ; the registers stand one past it

        print   %1, ": "
        mov     eax, SOURCE
        mov     ds, eax
        mov     eax, TARGET
        mov     es, eax
        %5

        push    es                      ; fill the source (STOS always writes through ES)
        push    ds
        pop     es
        mov     eax, PATTERN
        mov     ecx, %%mark + %%count
        mov     edi, %%mark + %%first
        %2 rep stos%3
        pop     es
        cmp     ecx, %%mark
        jne     near failed
        cmp     edi, %%end
        jne     near failed

        mov     ecx, %%mark + %%count   ; copy
        mov     esi, %%mark + %%first
        mov     edi, %%mark + %%first
        %2 rep movs%3
        cmp     ecx, %%mark
        jne     near failed
        cmp     esi, %%end
        jne     near failed
        cmp     edi, %%end
        jne     near failed

        mov     ecx, %%mark + %%count   ; compare: all equal
        mov     esi, %%mark + %%first
        mov     edi, %%mark + %%first
        %2 repe cmps%3
        jne     near failed
        cmp     ecx, %%mark
        jne     near failed

        not     byte [es:%%spoilt]

        mov     ecx, %%mark + %%count   ; the comparison stops behind the difference
        mov     esi, %%mark + %%first
        mov     edi, %%mark + %%first
        %2 repe cmps%3
        je      near failed
        cmp     edi, %%found
        jne     near failed
        cmp     esi, %%found
        jne     near failed
        cmp     ecx, %%mark + %%count - 101
        jne     near failed

        mov     ecx, %%mark + %%count   ; and so does the search
        mov     edi, %%mark + %%first
        %2 repe scas%3
        je      near failed
        cmp     edi, %%found
        jne     near failed

        mov     ecx, %%mark + %%count   ; the search for what is not there goes through to the end
        mov     edi, %%mark + %%first
        not     eax
        rol     eax, 1
        %2 repne scas%3
        je      near failed
        cmp     edi, %%end
        jne     near failed

        not     byte [es:%%spoilt]
        call    add_up                  ; EBX = the sum of the copy, double word by double word
        cld
        mov     eax, 16
        mov     ds, eax
        mov     es, eax
        cmp     ebx, [sums + 4 * (%4 / 2)]
        jne     near failed
        print   "ok", crlf
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

        mov     eax, source_buffer      ; the bases of the two buffer segments
        mov     [gdt.source + 2], ax
        shr     eax, 16
        mov     [gdt.source + 4], al
        mov     eax, target_buffer
        mov     [gdt.target + 2], ax
        shr     eax, 16
        mov     [gdt.target + 4], al

        outb    COM1 + 1, 0             ; polled UART, 115200 8N1
        outb    COM1 + 3, 0x80
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 2, 0x07

        string_test "32-bit addresses, bytes up          ", a32, b, 1, cld
        string_test "32-bit addresses, words up          ", a32, w, 2, cld
        string_test "32-bit addresses, double words up   ", a32, d, 4, cld
        string_test "32-bit addresses, bytes down        ", a32, b, 1, std
        string_test "32-bit addresses, words down        ", a32, w, 2, std
        string_test "32-bit addresses, double words down ", a32, d, 4, std
        string_test "16-bit addresses, bytes up          ", a16, b, 1, cld
        string_test "16-bit addresses, words up          ", a16, w, 2, cld
        string_test "16-bit addresses, double words up   ", a16, d, 4, cld
        string_test "16-bit addresses, bytes down        ", a16, b, 1, std
        string_test "16-bit addresses, words down        ", a16, w, 2, std
        string_test "16-bit addresses, double words down ", a16, d, 4, std

        ; A 16-bit offset goes round at the end of the segment: FFF8h .. FFFFh, then 0 .. 7.
        print   "16-bit offsets wrap at 64 KiB       : "
        mov     eax, TARGET
        mov     es, eax
        mov     al, 0x77
        mov     edi, MARK + 0xFFF8
        mov     ecx, MARK + 16
        a16 rep stosb
        cmp     edi, MARK + 8
        jne     near failed
        cmp     dword [es:0xFFF8], 0x77777777
        jne     near failed
        cmp     dword [es:4], 0x77777777
        jne     near failed
        cmp     byte [es:8], PATTERN & 0xFF ; what the last test left
        jne     near failed
        print   "ok", crlf

        ; Copying one byte further on, upwards, repeats the first byte: MOVS reads what it has written.
        print   "overlapping copy repeats a byte     : "
        mov     byte [source_buffer], 0x3C
        mov     eax, 16
        mov     es, eax
        mov     esi, source_buffer
        mov     edi, source_buffer + 1
        mov     ecx, 999
        rep movsb
        mov     al, 0x3C
        mov     edi, source_buffer
        mov     ecx, 1000
        repe scasb
        jne     near failed
        cmp     byte [edi], 0x3C
        je      near failed
        print   "ok", crlf

        ; A count of 0 does nothing, and leaves the flags.
        print   "a count of zero changes nothing     : "
        mov     esi, source_buffer
        mov     edi, target_buffer
        xor     ecx, ecx
        stc
        repe cmpsb                      ; ZF and CF stay as XOR and STC made them
        jnc     near failed
        jne     near failed
        cmp     edi, target_buffer
        jne     near failed
        print   "ok", crlf

        ; LODS in a plain loop, with a segment override for its source.
        print   "LODS through another segment        : "
        mov     eax, SOURCE
        mov     fs, eax
        xor     esi, esi
        xor     ebx, ebx
        mov     ecx, 1000
.load:
        fs lodsb
        movzx   eax, al
        add     ebx, eax
        loop    .load
        cmp     ebx, 1000 * 0x3C
        jne     near failed
        print   "ok", crlf

        print   "memory test passed", crlf
        jmp     power_off

failed:
        cld
        mov     eax, 16
        mov     ds, eax
        print   "FAILED", crlf
        jmp     power_off

; EBX = the sum of the first BYTES bytes at ES:0, as double words.
add_up:
        xor     ebx, ebx
        xor     edi, edi
.next:
        add     ebx, [es:edi]
        add     edi, 4
        cmp     edi, BYTES
        jne     .next
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
; What add_up finds when the pattern's lowest byte, word or double word fills the buffer.
sums:           dd      (0x96969696 * (BYTES / 4)) & 0xFFFFFFFF
                dd      (0xB496B496 * (BYTES / 4)) & 0xFFFFFFFF
                dd      (PATTERN * (BYTES / 4)) & 0xFFFFFFFF
        align   8
gdt:            dq      0
                dq      0x00CF9A000000FFFF      ; 08: flat code
                dq      0x00CF92000000FFFF      ; 10: flat data
.source:        dq      0x004092000000FFFF      ; 18: 64 KiB of data, base filled in at the start
.target:        dq      0x004092000000FFFF      ; 20: the same
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt
image_end:

        section .bss align=16
source_buffer:  resb    0x10000
target_buffer:  resb    0x10000
                resb    4096
stack_top:
bss_end:
