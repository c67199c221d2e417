; Does what a kernel does with its page tables: changes entries, flushes them, loads CR3, maps pages when they fault.
bits 64
org ${base}

        lgdt [gdtr]
        mov eax, fault          ; an interrupt gate for vector 14
        mov [60E0h], ax
        mov word [60E2h], 8
        mov word [60E4h], 8E00h
        shr eax, 16
        mov [60E6h], ax
        lidt [idtr]

        mov qword [4000h], 200003h
        mov qword [3010h], 4003h        ; linear 400000h and on: a table of 4 KiB pages at 4000h
        mov al, [400000h]
        mov ecx, ${edits}
edit:   mov qword [4000h], 201003h
        invlpg [400000h]
        mov al, [400000h]
        loop edit

        mov ecx, ${loads}
load:   mov rax, cr3
        mov cr3, rax
        loop load

        mov rsi, 401000h        ; three pages that are not there yet
touch:  mov al, [rsi]
        add rsi, 1000h
        cmp rsi, 404000h
        jb touch
        hlt

; Maps the page that faulted.
fault:  push rax
        mov rax, cr2
        shr eax, 12
        and eax, 1FFh
        mov qword [rax*8+4000h], 202003h
        pop rax
        add rsp, 8              ; the error code
        iretq

gdt:    dq 0, 209A0000000000h, 920000000000h
gdtr:   dw 23
        dq gdt
idtr:   dw 0FFFh
        dq 6000h
