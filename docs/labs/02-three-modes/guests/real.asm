; Real mode: prints through DS, asks CS where it is, and uses the stack.
bits 16
org 0

        mov si, text
        mov dx, ${port}
again:  mov al, [si]
        or al, al
        jz done
        out dx, al
        inc si
        jmp again
done:   mov ax, cs
        push ax
        pop bx
        hlt

text:   db "real ${word}", 0
