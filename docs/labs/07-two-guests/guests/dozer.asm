; Three times a letter and a nap.
bits 16
org ${base}

        mov bl, 3
again:  mov dx, ${port}
        mov al, 'z'
        out dx, al
        mov dx, ${sleep}
        mov eax, ${nap}
        out dx, eax
        dec bl
        jnz again
        hlt
