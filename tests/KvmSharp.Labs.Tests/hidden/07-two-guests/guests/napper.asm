; A long nap, then work for ever.
bits 16
org ${base}

        mov dx, ${sleep}
        mov eax, 10000
        out dx, eax
        mov dx, ${port}
        mov al, 'w'
        out dx, al
here:   jmp here
