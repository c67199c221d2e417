; Sends back what it receives, by interrupt, until a '#'.
bits 16
org ${base}

        cli
        mov word [${vector*4}+4*${line}], taken
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
        out 21h, al             ; the UART's line only
        mov dx, ${uart+1}
        mov al, 1               ; when a byte is there
        out dx, al
wait:   sti
        hlt
        cmp byte [done], 0
        je wait
        cli
        mov ax, [count]
        mov dx, ${report}
        out dx, ax              ; ${#word}
        hlt

taken:  push ax
        push dx
        mov dx, ${uart+2}
        in al, dx
        cmp al, 4
        jne out1                ; not for us
        mov dx, ${uart}
        in al, dx
        cmp al, '#'
        je last
        out dx, al
        inc word [count]
        jmp out1
last:   mov byte [done], 1
out1:   mov al, 20h
        out 20h, al
        pop dx
        pop ax
        iret

count:  dw 0
done:   db 0
