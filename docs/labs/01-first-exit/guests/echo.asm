; Asks a port for three bytes, sends each back one higher, and halts.
bits 16
org ${base}

        mov cx, 3
again:  in al, ${ask}          ; the VMM answers
        inc al
        mov dx, ${port}
        out dx, al
        loop again
        mov bx, 1234h
        hlt
