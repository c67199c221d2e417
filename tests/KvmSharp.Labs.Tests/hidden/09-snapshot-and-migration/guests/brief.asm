; Halts before it has moved.
bits 32
org ${base}

        mov edx, ${ask}
        mov eax, 2
        out dx, al
        mov edx, ${report}
        mov eax, 1
        out dx, eax
        hlt
