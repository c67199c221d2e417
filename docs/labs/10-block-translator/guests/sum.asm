; A loop: three blocks, two instructions that are handed over.
bits 32
org ${base}

        mov eax, 3
        mov ecx, ${count-1}
again:  add eax, 3
        dec ecx
        jne again
        mov edx, ${port}
        out dx, eax             ; 3 * ${count}
        hlt
