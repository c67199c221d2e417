; ring3: a user program and the system calls it lives by
;
; Shows    Ring 3 entered with IRET; system calls by INT 80h and by SYSENTER/SYSEXIT; privileged
;          instructions caught as general-protection faults.
; How      The kernel (ring 0) makes a GDT with user segments and a TSS that names the kernel's stack,
;          gives vector 80h a gate that ring 3 may use (DPL 3), programs the three SYSENTER registers,
;          and leaves for ring 3 with an IRET to a frame it has built by hand. The user program then
;          tries what it must not do; the kernel prints the fault and lets it go on at the address
;          which the program keeps in EDI for that purpose.
; Read     Intel SDM volume 3, "Privilege Levels", "Performing Fast Calls to System Procedures with the
;          SYSENTER and SYSEXIT Instructions", "Privileged Instructions" and "Interrupt 13: General
;          Protection Exception (#GP)"; volume 2, "IRET" and "POPF".
; Expect   Greetings by both kinds of call, six faults with their error codes, then power-off.
; Build    nasm -f bin -o ring3.bin ring3.asm

        cpu     686
        bits    32

COM1            equ     0x3F8
COM1_LSR        equ     COM1 + 5
LSR_THRE        equ     0x20
LSR_TEMT        equ     0x40
POWER_PORT      equ     0x604
POWER_OFF       equ     0x2000

; SYSENTER and SYSEXIT want this order: kernel code, kernel data, user code, user data.
KERNEL_CODE     equ     0x08
KERNEL_DATA     equ     0x10
USER_CODE       equ     0x18 | 3        ; the low two bits ask for ring 3
USER_DATA       equ     0x20 | 3
TSS_SELECTOR    equ     0x28

MSR_SYSENTER_CS  equ    0x174
MSR_SYSENTER_ESP equ    0x175
MSR_SYSENTER_EIP equ    0x176
CPUID_SEP       equ     1 << 11         ; leaf 1, EDX: SYSENTER exists
EFLAGS_IF       equ     1 << 9

KERNEL_GATE     equ     0x8E00          ; present, DPL 0, 32-bit interrupt gate
USER_GATE       equ     0xEE00          ; the same with DPL 3: INT n is allowed from ring 3

SYS_EXIT        equ     0
SYS_PRINT       equ     1               ; EBX: string
SYS_HEX         equ     2               ; EBX: 16-bit value

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

%macro user_print 1+                    ; prints from ring 3 by INT 80h
[section .data]
%%text: db      %1, 0
__?SECT?__
        mov     eax, SYS_PRINT
        mov     ebx, %%text
        int     0x80
%endmacro

%macro forbidden 2+                     ; forbidden "what", instruction
        user_print %1
        mov     edi, %%next
        %2
        user_print "was allowed!", crlf
%%next:
%endmacro

start:
        cli
        cld
        mov     esp, kernel_stack
        lgdt    [gdt_pointer]           ; the loader need not leave us a usable one
        jmp     KERNEL_CODE:.flat
.flat:
        mov     eax, KERNEL_DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax

        outb    COM1 + 1, 0             ; polled UART, 115200 8N1
        outb    COM1 + 3, 0x80
        outb    COM1 + 0, 1
        outb    COM1 + 1, 0
        outb    COM1 + 3, 0x03
        outb    COM1 + 2, 0x07

        mov     eax, tss                ; the descriptor wants the address in three pieces
        mov     [gdt.tss + 2], ax
        shr     eax, 16
        mov     [gdt.tss + 4], al
        mov     [gdt.tss + 7], ah
        mov     dword [tss + 4], kernel_stack           ; ESP0 and SS0: the stack for calls from outside
        mov     dword [tss + 8], KERNEL_DATA
        mov     word [tss + 102], 104   ; no I/O permission bitmap: every port is forbidden to ring 3
        mov     ax, TSS_SELECTOR
        ltr     ax

        mov     eax, general_protection
        mov     ebx, KERNEL_GATE
        mov     ecx, 13
        call    set_gate
        mov     eax, never
        mov     ecx, 0x30               ; a gate that only the kernel may use
        call    set_gate
        mov     eax, system_call
        mov     ebx, USER_GATE
        mov     ecx, 0x80
        call    set_gate
        lidt    [idt_pointer]

        mov     eax, 1
        cpuid
        test    edx, CPUID_SEP
        jz      .enter
        mov     byte [has_sysenter], 1
        xor     edx, edx
        mov     ecx, MSR_SYSENTER_CS
        mov     eax, KERNEL_CODE
        wrmsr
        mov     ecx, MSR_SYSENTER_ESP
        mov     eax, kernel_stack
        wrmsr
        mov     ecx, MSR_SYSENTER_EIP
        mov     eax, fast_system_call
        wrmsr

.enter:
        print   "kernel: entering ring 3", crlf
        mov     eax, USER_DATA
        mov     ds, eax
        mov     es, eax
        push    dword USER_DATA         ; IRET to an outer ring takes SS and ESP too
        push    dword user_stack
        push    dword 2                 ; EFLAGS: IOPL 0, interrupts off (bit 1 is always 1)
        push    dword USER_CODE
        push    dword user
        iret

; The program in ring 3.

user:
        user_print "user: hello by INT 80h, my CS is "
        mov     eax, SYS_HEX
        mov     ebx, cs
        int     0x80
        user_print crlf

        cmp     byte [has_sysenter], 0
        je      .no_sysenter
        mov     eax, SYS_PRINT
        mov     ebx, fast_hello
        call    fast_call
        jmp     .faults
.no_sysenter:
        user_print "user: this processor has no SYSENTER", crlf

.faults:
        forbidden "user: CLI                 ", cli
        forbidden "user: HLT                 ", hlt
        forbidden "user: IN from port 60h    ", in al, 0x60
        forbidden "user: MOV from CR0        ", mov eax, cr0
        forbidden "user: INT 30h             ", int 0x30

        mov     ecx, KERNEL_DATA
        forbidden "user: MOV DS, kernel data ", mov ds, ecx

        pushf                           ; POPF is subtler: it does not fault, it leaves IF as it was
        or      dword [esp], EFLAGS_IF
        popf
        pushf
        pop     ecx
        test    ecx, EFLAGS_IF
        jnz     .interrupts_on
        user_print "user: POPF               leaves the interrupt flag alone", crlf
.interrupts_on:
        mov     eax, SYS_EXIT
        int     0x80

; Calls the kernel by SYSENTER, which saves nothing: ECX and EDX tell SYSEXIT where to return.
fast_call:
        mov     ecx, esp
        mov     edx, .return
        sysenter
.return:
        ret

; The kernel.

; INT 80h. EAX: the service; EBX: its argument.
system_call:
        call    serve
        iret

; SYSENTER has loaded CS, SS, ESP and EIP from its registers.
fast_system_call:
        call    serve
        sysexit                         ; to EDX, with ESP from ECX, in ring 3

serve:
        pusha
        cmp     eax, SYS_PRINT
        je      .print
        cmp     eax, SYS_HEX
        je      .hex
        cmp     eax, SYS_EXIT
        je      .exit
        popa
        ret
.print:
        mov     esi, ebx
        call    puts
        popa
        ret
.hex:
        mov     eax, ebx
        call    put_hex16
        popa
        ret
.exit:
        print   "kernel: the user program has ended", crlf
        jmp     power_off

; #GP. The stack holds the error code, EIP, CS, EFLAGS, ESP, SS.
general_protection:
        pusha
        print   "-> #GP, error "
        mov     eax, [esp + 32]         ; above the eight registers of PUSHA
        call    put_hex16
        print   ", in CS "
        mov     eax, [esp + 40]
        call    put_hex16
        print   crlf
        popa
        add     esp, 4                  ; the error code
        mov     [esp], edi              ; not the same instruction again
        iret

never:
        print   "the gate of vector 30h was used", crlf
        jmp     power_off

; EAX: handler, EBX: type of gate, ECX: vector. Changes EAX.
set_gate:
        mov     [idt + 8 * ecx], ax
        mov     word [idt + 8 * ecx + 2], KERNEL_CODE
        mov     [idt + 8 * ecx + 4], bx
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

; Prints AX as four hexadecimal digits.
put_hex16:
        mov     ecx, 4
.digit:
        rol     ax, 4
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
fast_hello:     db      "user: hello by SYSENTER", crlf, 0
has_sysenter:   db      0
        align   8
gdt:            dq      0
                dq      0x00CF9A000000FFFF      ; 08: kernel code
                dq      0x00CF92000000FFFF      ; 10: kernel data
                dq      0x00CFFA000000FFFF      ; 18: user code, DPL 3
                dq      0x00CFF2000000FFFF      ; 20: user data, DPL 3
.tss:           dq      0x0000890000000067      ; 28: 32-bit TSS, available, 104 bytes
gdt_pointer:    dw      gdt_pointer - gdt - 1
                dd      gdt
idt_pointer:    dw      8 * 0x81 - 1
                dd      idt
image_end:

        section .bss align=16
idt:            resb    8 * 0x82         ; an even number, so that the TSS is aligned
tss:            resb    104
                resb    4096
kernel_stack:
                resb    4096
user_stack:
bss_end:
