; start64: the entry of a 64-bit benchmark. A multiboot loader enters in 32-bit protected mode; this maps the
; first GiB to itself with 2 MiB pages, switches to long mode with SSE on, and goes on in C.

        extern  bench_main

CR0_MP          equ     1 << 1
CR0_EM          equ     1 << 2
CR0_NE          equ     1 << 5
CR0_PG          equ     1 << 31
CR4_PAE         equ     1 << 5
CR4_OSFXSR      equ     1 << 9
CR4_OSXMMEXCPT  equ     1 << 10
MSR_EFER        equ     0xC0000080
EFER_LME        equ     1 << 8
PAGE_TABLE      equ     0x003           ; present, writable
PAGE_LARGE      equ     0x083           ; the same, and 2 MiB long
STACK_SIZE      equ     65536

        section .multiboot align=4
        dd      0x1BADB002, 0, -0x1BADB002

        section .text
        bits    32
        global  start
start:
        cli
        cld
        mov     esi, ebx                ; the multiboot information
        mov     dword [pml4], pdpt + PAGE_TABLE
        mov     dword [pdpt], directory + PAGE_TABLE
        mov     eax, PAGE_LARGE
        mov     edi, directory
        mov     ecx, 512
.map:   mov     [edi], eax              ; the upper halves are zero already
        add     eax, 0x200000
        add     edi, 8
        dec     ecx
        jnz     .map

        mov     eax, cr4
        or      eax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
        mov     cr4, eax
        mov     eax, pml4
        mov     cr3, eax
        mov     ecx, MSR_EFER
        rdmsr
        or      eax, EFER_LME
        wrmsr
        mov     eax, cr0
        and     eax, ~CR0_EM
        or      eax, CR0_PG | CR0_MP | CR0_NE
        mov     cr0, eax
        lgdt    [gdt_pointer]
        jmp     0x08:long_mode

        bits    64
long_mode:
        mov     eax, 0x10
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        fninit
        mov     esp, stack_top
        mov     edi, esi
        call    bench_main
.stop:  hlt
        jmp     .stop

        section .rodata align=8
gdt:
        dq      0
        dq      0x00AF9A000000FFFF      ; 08h: 64-bit code
        dq      0x00CF92000000FFFF      ; 10h: data
gdt_pointer:
        dw      gdt_pointer - gdt - 1
        dd      gdt

        section .bss align=4096
pml4:           resb    4096
pdpt:           resb    4096
directory:      resb    4096
        resb    STACK_SIZE
stack_top:
