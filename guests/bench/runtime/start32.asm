; start32: the entry of a 32-bit benchmark. The loader gives flat segments and nothing else: take a stack,
; turn SSE on (CR0.EM off, CR4.OSFXSR on), and go on in C with the multiboot information. Paging stays off.

        bits    32
        extern  bench_main

CR0_MP          equ     1 << 1
CR0_EM          equ     1 << 2
CR0_NE          equ     1 << 5
CR4_OSFXSR      equ     1 << 9
CR4_OSXMMEXCPT  equ     1 << 10
STACK_SIZE      equ     65536

        section .multiboot align=4
        dd      0x1BADB002, 0, -0x1BADB002

        section .text
        global  start
start:
        cli
        cld
        mov     eax, cr0
        and     eax, ~CR0_EM
        or      eax, CR0_MP | CR0_NE
        mov     cr0, eax
        mov     eax, cr4
        or      eax, CR4_OSFXSR | CR4_OSXMMEXCPT
        mov     cr4, eax
        fninit
        mov     esp, stack_top - 12     ; the compiler wants ESP + 4 to be a multiple of 16 at an entry
        push    ebx
        call    bench_main
.stop:  hlt
        jmp     .stop

        section .bss align=16
        resb    STACK_SIZE
stack_top:
