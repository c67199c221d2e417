; Eight letters, each with the work behind it: ${work+6} instructions a letter, and three more in all.
bits 16
org ${base}

        mov dx, ${port}
        mov bl, 'a'
next:   mov al, bl
        out dx, al
        inc bl
        mov cx, ${work}
work:   loop work
        cmp bl, 'i'
        jne next
        hlt
