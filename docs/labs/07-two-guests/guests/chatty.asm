; Works for ever, with an exit every five instructions.
bits 16
org ${base}

        mov dx, ${port}
        mov al, '.'
again:  out dx, al
        nop
        nop
        nop
        jmp again
