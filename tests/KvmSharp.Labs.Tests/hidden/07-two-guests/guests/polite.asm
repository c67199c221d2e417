; Works for ever, and gives up its turn every eleven instructions.
bits 16
org ${base}

        mov dx, ${sleep}
again:  mov eax, 0
        out dx, eax
        mov cx, 7
work:   loop work
        jmp again
