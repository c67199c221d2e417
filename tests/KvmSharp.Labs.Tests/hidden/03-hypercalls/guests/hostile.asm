; Ranges whose end wraps, the last byte of memory, and texts of no length.
bits 32
org ${base}

        mov byte [0FFFFFh], '.'
        mov ebx, ${base}        ; the longest length there is
        mov ecx, 0FFFFFFFFh
        call put
        mov ebx, 0FFFFFFFFh     ; the sum is 1
        mov ecx, 2
        call put
        mov ebx, 80000000h      ; the sum is 0
        mov ecx, 80000000h
        call put
        mov ebx, 0FFFFFh        ; the last byte
        mov ecx, 1
        call put
        mov ebx, ${base}        ; nothing, in memory
        mov ecx, 0
        call put
        mov eax, ${ask}         ; a reason that no machine knows
        mov ebx, 0FFFFFFF0h
        vmcall
        mov dx, ${report}
        out dx, eax
        hlt

put:    mov eax, ${put}
        vmcall
        mov dx, ${report}
        out dx, eax
        ret
