; Long mode: 64-bit registers, in the high half.
bits 64
org ${high+load}

        mov rsi, text
        mov edx, ${port}
again:  mov al, [rsi]
        test al, al
        jz done
        out dx, al
        inc rsi
        jmp again
done:   mov rax, 1122334455667788h
        push rax
        pop rbx
        hlt

text:   db "long ${word}", 0
