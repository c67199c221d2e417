; A text through a port: an exit for each character.
bits 32
org ${base}

        mov esi, text
        mov ecx, ${#text}
        mov dx, ${port}
again:  mov al, [esi]
        out dx, al
        inc esi
        loop again
        hlt

text:   db "${text}"
