; Prints a greeting through a port, a character at a time, and halts. What KVM's first example does (LWN 658511).
bits 16
org ${base}

        mov si, text
        mov dx, ${port}
again:  mov al, [si]
        or al, al
        jz done
        out dx, al              ; an exit for each character
        inc si
        jmp again
done:   hlt

text:   db "${greeting}", 0
