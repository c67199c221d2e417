; Writes the last quadword of memory, then reads one byte behind it.
bits 64
org ${high+load}

        mov rdi, ${high+size}
        mov rax, 0807060504030201h
        mov [rdi-8], rax
        mov edx, ${port}
        mov al, 'd'
        out dx, al
        mov al, [rdi]
        out dx, al
        hlt
