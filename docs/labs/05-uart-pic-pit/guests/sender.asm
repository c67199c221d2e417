; Sends a text by interrupt: the transmitter is empty, the handler gives it the next byte.
bits 16
org ${base}

        cli
        mov word [${vector*4}+4*${line}], empty
        mov word [${vector*4}+4*${line}+2], 0
        mov al, 13h
        out 20h, al
        mov al, ${vector}
        out 21h, al
        mov al, 1
        out 21h, al
        mov cl, ${line}
        mov al, 1
        shl al, cl
        not al
        out 21h, al
        mov si, text
        mov dx, ${uart+1}
        mov al, 2               ; when the transmitter is empty: at once
        out dx, al
wait:   sti
        hlt
        cmp byte [si], 0
        jne wait
        cli
        mov ax, [count]
        mov dx, ${report}
        out dx, ax              ; 9: one interrupt for each of 8 characters, and the first
        hlt

empty:  push ax
        push dx
        inc word [count]
        mov dx, ${uart+2}
        in al, dx
        cmp al, 2
        jne out1
        mov al, [si]
        or al, al
        jz out1
        mov dx, ${uart}
        out dx, al
        inc si
out1:   mov al, 20h
        out 20h, al
        pop dx
        pop ax
        iret

count:  dw 0
text:   db "${text}", 0
