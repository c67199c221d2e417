; Protected mode with paging: runs at a linear address that is no physical one.
bits 32
org ${window}

        mov esi, text
        mov edx, ${port}
again:  mov al, [esi]
        test al, al
        jz done
        out dx, al
        inc esi
        jmp again
done:   push dword 12345678h
        pop ebx
        mov eax, [${window+0x8000}]     ; the read-only page may be read
        hlt

text:   db "paged ${word}", 0
