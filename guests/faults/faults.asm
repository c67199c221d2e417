; faults: every way to get an exception
;
; Shows    The processor's exceptions 0 to 14 raised one after the other, caught through the interrupt
;          descriptor table, with what the processor reports of each: vector, error code, address.
; How      Each case names a continuation and one instruction that faults. The stub of a vector makes
;          all frames alike (it pushes a 0 where the processor pushes no error code) and falls into a
;          common handler, which prints the report, drops the frame, and jumps to the continuation.
;          The address is printed as a distance from the case's own instruction: +00 is a fault (the
;          instruction would be restarted), anything else a trap (it has been done).
; Read     Intel SDM volume 3, "Exception and Interrupt Reference", "Error Code", "Exception
;          Classifications", "Interrupt 8: Double Fault Exception (#DF)".
; Expect   One line per case; a double fault is the last of them; then power-off.
; Build    nasm -f bin -o faults.bin faults.asm

        cpu     686
        bits    32

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

CODE            equ     0x08
DATA            equ     0x10
ABSENT          equ     0x18            ; a data segment that is not present
CODE1           equ     0x20 | 1        ; ring 1: its stack in the TSS is no stack at all
TSS_SELECTOR    equ     0x28
CODE3           equ     0x30 | 3
DATA3           equ     0x38 | 3
RING1_GATE      equ     0x40 | 3        ; call gate from ring 3 to ring 1
OUTSIDE         equ     0x50            ; past the limit of the GDT

PRESENT         equ     1
WRITABLE        equ     2
LARGE           equ     0x80            ; this entry of the page directory maps 4 MiB
UNMAPPED        equ     0x00C0FFEE      ; in the fourth 4 MiB
EFLAGS_TF       equ     1 << 8
CR0_EM          equ     1 << 2
CR0_PG          equ     1 << 31
CR4_PSE         equ     1 << 4
DR6_BS          equ     1 << 14

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

; try "text", instruction: runs it, and goes on behind it when the exception has been reported
%macro try 2+
        pushf                           ; what the case has prepared survives the printing
        pusha
        print   %1
        popa
        popf
        mov     dword [continuation], %%next
        mov     dword [case_start], %%case
%%case: %2
        print   "no exception", crlf
%%next:
%endmacro

; stub vector: the processor pushes no error code for it; stub_with_error: it does
%macro stub 1
stub%1: push    dword 0
        push    dword %1
        jmp     report
%endmacro
%macro stub_with_error 1
stub%1: push    dword %1
        jmp     report
%endmacro
%macro gate 1
        mov     eax, stub%1
        mov     ecx, %1
        call    set_gate
%endmacro

start:
        cli
        cld
        mov     esp, stack_top
        lgdt    [gdt_pointer]           ; the loader need not leave us a usable one
        jmp     CODE:.flat
.flat:
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax

        outb    COM1 + 1, 0             ; polled UART, 115200 8N1
        outb    COM1 + 3, 0x80
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 2, 0x07

        gate    0
        gate    1
        gate    3
        gate    4
        gate    5
        gate    6
        gate    7
        gate    8
        gate    10
        gate    11
        gate    12
        gate    13
        gate    14
        lidt    [idt_pointer]

        mov     eax, tss
        mov     [gdt.tss + 2], ax
        shr     eax, 16
        mov     [gdt.tss + 4], al
        mov     [gdt.tss + 7], ah
        mov     dword [tss + 4], stack_top
        mov     dword [tss + 8], DATA
        mov     dword [tss + 12], stack_top
        mov     dword [tss + 16], OUTSIDE | 1   ; SS1
        mov     ax, TSS_SELECTOR
        ltr     ax

        ; 0: the quotient has no value, or does not fit.
        xor     ecx, ecx
        try     "divide by zero         ", div ecx
        mov     eax, 0x80000000
        cdq
        dec     ecx
        try     "quotient too large     ", idiv ecx

        ; 1: with the trap flag set, a trap after the next instruction (a NOP, one byte: +01).
        print   "single step            "
        mov     dword [continuation], .stepped
        mov     dword [case_start], .step
        xor     eax, eax
        mov     dr6, eax
        pushf
        or      dword [esp], EFLAGS_TF
        popf                            ; POPF itself is not trapped: TF was clear when it began
.step:
        nop
        print   "no exception", crlf
.stepped:
        mov     eax, dr6
        test    eax, DR6_BS
        jz      .no_step
        print   "  DR6 says: single step", crlf
.no_step:

        ; 3 and 4: traps, made for debuggers and for overflow.
        try     "breakpoint             ", int3
        mov     al, 0x7F
        add     al, 1
        try     "INTO after an overflow ", into

        ; 5 and 6
        mov     eax, 10
        try     "index out of bounds    ", bound eax, [bounds]
        try     "undefined opcode       ", ud2
        try     "LOCK on a register     ", db 0xF0, 0x01, 0xC0

        ; 7: without a coprocessor (CR0.EM) its instructions are left to the system.
        mov     eax, cr0
        or      eax, CR0_EM
        mov     cr0, eax
        try     "no coprocessor         ", fninit

        ; 11, 12, 13: what is wrong with a selector is told by the vector; the error code names it.
        mov     eax, ABSENT
        try     "segment not present    ", mov ds, eax
        mov     eax, ABSENT
        try     "stack not present      ", mov ss, eax
        mov     eax, OUTSIDE
        try     "selector past the GDT  ", mov es, eax
        mov     eax, CODE
        try     "stack in code          ", mov ss, eax
        xor     eax, eax
        try     "null stack             ", mov ss, eax
        try     "vector past the IDT    ", int 0x40
        mov     eax, TSS_SELECTOR
        try     "a TSS that is busy     ", ltr ax
        try     "jump to a data segment ", jmp DATA:0

        ; 14: three directory entries map 12 MiB to themselves, the fourth is empty.
        mov     dword [directory], 0x000000 | PRESENT | WRITABLE | LARGE
        mov     dword [directory + 4], 0x400000 | PRESENT | WRITABLE | LARGE
        mov     dword [directory + 8], 0x800000 | PRESENT | WRITABLE | LARGE
        mov     eax, cr4
        or      eax, CR4_PSE
        mov     cr4, eax
        mov     eax, directory
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG
        mov     cr0, eax
        try     "page fault, load       ", mov eax, [UNMAPPED]
        mov     eax, cr2
        call    put_cr2
        try     "page fault, store      ", mov [UNMAPPED], eax
        try     "page fault, fetch      ", jmp [unmapped_pointer]
        mov     eax, cr2
        call    put_cr2
        mov     eax, cr0
        and     eax, ~CR0_PG
        mov     cr0, eax

        ; 10: a call from ring 3 to ring 1 wants a stack from the TSS, and SS1 is bad.
        print   "bad stack in the TSS   "
        mov     dword [continuation], .back_in_ring0
        mov     dword [case_start], .ring3
        push    dword DATA3
        push    dword stack3
        push    dword 2
        push    dword CODE3
        push    dword .ring3
        iret
.ring3:
        call    RING1_GATE:0
.back_in_ring0:

        ; 8: a second fault while the processor delivers the first. The gate of #GP is marked absent,
        ; so its delivery raises #NP, and these two together are a double fault.
        and     byte [idt + 8 * 13 + 5], 0x7F
        mov     eax, OUTSIDE
        try     "fault within a fault   ", mov es, eax

        print   "all exceptions were caught", crlf
        jmp     power_off

put_cr2:
        push    eax
        print   "  CR2 says: "
        pop     eax
        call    put_hex
        print   crlf
        ret

        stub    0
        stub    1
        stub    3
        stub    4
        stub    5
        stub    6
        stub    7
        stub_with_error 8
        stub_with_error 10
        stub_with_error 11
        stub_with_error 12
        stub_with_error 13
        stub_with_error 14

; The stack: vector, error code, EIP, CS, EFLAGS.
report:
        mov     eax, DATA               ; the fault may come from another ring
        mov     ds, eax
        mov     es, eax
        pop     ebp                     ; vector
        pop     ebx                     ; error code
        pop     edi                     ; EIP
        print   " vector "
        mov     eax, ebp
        call    put_hex8
        bt      [has_error], ebp
        jnc     .no_error
        print   ", error "
        mov     eax, ebx
        call    put_hex16
        jmp     .address
.no_error:
        print   ", no error"
.address:
        cmp     ebp, 8
        je      .end                    ; the address of a double fault is not defined
        cmp     edi, UNMAPPED
        je      .end                    ; nor is there a distance to where nothing is
        print   ", EIP +"
        mov     eax, edi
        sub     eax, [case_start]
        call    put_hex8
.end:
        print   crlf
        mov     esp, stack_top          ; the frame is not needed any more
        jmp     [continuation]

; EAX: handler, ECX: vector. Changes EAX.
set_gate:
        mov     [idt + 8 * ecx], ax
        mov     word [idt + 8 * ecx + 2], CODE
        mov     word [idt + 8 * ecx + 4], 0x8E00        ; present, DPL 0, 32-bit interrupt gate
        shr     eax, 16
        mov     [idt + 8 * ecx + 6], ax
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
; Prints EAX as eight hexadecimal digits; put_hex16 prints AX as four, put_hex8 AL as two.
put_hex8:
        shl     eax, 24
        mov     ecx, 2
        jmp     put_hex.digit
put_hex16:
        shl     eax, 16
        mov     ecx, 4
        jmp     put_hex.digit
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
                dq      0x00CF12000000FFFF      ; 18: data, not present
                dq      0x00CFBA000000FFFF      ; 20: code, ring 1
.tss:           dq      0x0000890000000067      ; 28: 32-bit TSS, available, 104 bytes
                dq      0x00CFFA000000FFFF      ; 30: code, ring 3
                dq      0x00CFF2000000FFFF      ; 38: data, ring 3
                dw      0, CODE1, 0xEC00, 0     ; 40: call gate to ring 1, DPL 3, no parameters
                dq      0
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt
idt_pointer:    dw      8 * 15 - 1
                dd      idt
has_error:      dd      1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14
bounds:         dd      0, 9
unmapped_pointer:
                dd      UNMAPPED
continuation:   dd      0
case_start:     dd      0
image_end:

        section .bss align=4096
directory:      resb    4096
idt:            resb    8 * 16
tss:            resb    104
                resb    4096
stack_top:
                resb    4096
stack3:
bss_end:
