; The UART without interrupts: registers that read back, then a text, each byte when the transmitter is empty.
bits 16
org ${base}

        mov dx, ${uart+7}       ; the scratch register
        mov al, ${key}
        out dx, al
        mov al, 0
        in al, dx
        mov ah, 0
        call report             ; ${key}

        mov dx, ${uart+3}
        mov al, 80h             ; DLAB
        out dx, al
        mov dx, ${uart}
        mov al, ${divisor}
        out dx, al
        mov dx, ${uart+1}
        mov al, 0
        out dx, al
        mov dx, ${uart}
        in al, dx
        mov bl, al
        mov dx, ${uart+1}
        in al, dx
        mov bh, al
        mov dx, ${uart+3}
        mov al, 3               ; eight bits, no parity
        out dx, al
        mov ax, bx
        call report             ; ${divisor}: the divisor is not the data register

        mov si, text
next:   mov dx, ${uart+5}
ready:  in al, dx
        test al, 20h
        jz ready
        mov al, [si]
        or al, al
        jz done
        mov dx, ${uart}
        out dx, al
        inc si
        jmp next
done:   mov dx, ${uart+2}
        in al, dx
        mov ah, 0
        call report             ; 1: no interrupt is enabled
        cli
        hlt

report: mov dx, ${report}
        out dx, ax
        ret

text:   db "${greeting}", 0
