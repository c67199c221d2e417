; Both devices ask while all is masked; then the more urgent one comes first, and the other not inside it.
bits 16
org ${base}

        cli
        mov word [${vector*4}], tick
        mov word [${vector*4}+2], 0
        mov word [${vector*4}+4*${line}], empty
        mov word [${vector*4}+4*${line}+2], 0
        mov al, 13h
        out 20h, al
        mov al, ${vector}
        out 21h, al
        mov al, 1
        out 21h, al
        mov al, 0FFh
        out 21h, al
        mov dx, ${uart+1}
        mov al, 2
        out dx, al              ; the UART asks now
        mov al, 30h             ; mode 0, 20 ticks
        out 43h, al
        mov al, 20
        out 40h, al
        mov al, 0
        out 40h, al
        mov cx, 20000
delay:  loop delay              ; and the timer has asked by now
        mov cl, ${line}
        mov bl, 1
        shl bl, cl
        or bl, 1
        mov al, 0Ah
        out 20h, al
        in al, 20h
        xor al, bl
        mov ah, 0
        call report             ; 0: both requests are there
        mov al, bl
        not al
        out 21h, al
        mov di, order
        sti
        mov cx, 100
more:   loop more
        cli
        mov ax, [order]
        call report             ; "PU"
        mov ah, 0
        mov al, [isr]
        call report             ; 1: line 0 was in service
        hlt

tick:   push ax
        push cx
        mov al, 0Bh
        out 20h, al
        in al, 20h
        mov [isr], al
        sti
        mov cx, 50
inside: loop inside             ; line 0 is in service: no other comes
        cli
        mov byte [di], 'P'
        inc di
        mov al, 20h
        out 20h, al
        pop cx
        pop ax
        iret

empty:  push ax
        push dx
        mov byte [di], 'U'
        inc di
        mov dx, ${uart+2}
        in al, dx
        mov al, 60h+${line}     ; this line's service ends
        out 20h, al
        pop dx
        pop ax
        iret

report: mov dx, ${report}
        out dx, ax
        ret

order:  dw 0, 0
isr:    db 0
