; Writes over the constant of an instruction that has run already, four times.
bits 32
org ${base}

        mov ecx, 4
        mov edx, ${port}
        mov ebx, 11h
again:  call work
        out dx, eax             ; 1, 11h, 22h, 33h
        mov [work+1], ebx
        add ebx, 11h
        dec ecx
        jne again
        hlt

work:   mov eax, 1
        ret
