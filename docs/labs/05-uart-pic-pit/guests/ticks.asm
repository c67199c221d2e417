; The timer by interrupt: five ticks, a dot for each, and the length of a period in instructions.
bits 16
org ${base}

        cli
        mov word [${vector*4}], tick
        mov word [${vector*4}+2], 0
        mov al, 13h             ; ICW1: alone, ICW4 follows
        out 20h, al
        mov al, ${vector}       ; ICW2
        out 21h, al
        mov al, 1               ; ICW4
        out 21h, al
        mov al, 0FEh            ; line 0 only
        out 21h, al
        mov al, 34h             ; counter 0, two bytes, mode 2
        out 43h, al
        mov ax, ${reload}
        out 40h, al
        mov al, ah
        out 40h, al
first:  sti
        hlt
        cmp byte [ticks], 0
        je first

        mov bl, [ticks]
        mov ecx, 0
spin:   inc ecx                 ; three nanoseconds a turn
        cmp bl, [ticks]
        je spin
        mov ax, 1               ; right: ${reload} ticks of 838 ns are 279 turns each
        cmp ecx, ${reload*270}
        jae not0
        mov ax, 0               ; too early
not0:   cmp ecx, ${reload*285}
        jbe not2
        mov ax, 2               ; too late
not2:   call report

rest:   sti
        hlt
        cmp byte [ticks], 5
        jb rest
        cli
        mov al, 0FFh
        out 21h, al
        mov al, 0
        in al, 21h
        mov ah, 0
        call report             ; the mask reads back
        hlt

tick:   push ax
        push dx
        inc byte [ticks]
        mov dx, ${uart}
        mov al, '.'
        out dx, al
        mov al, 20h             ; end of interrupt
        out 20h, al
        pop dx
        pop ax
        iret

report: mov dx, ${report}
        out dx, ax
        ret

ticks:  db 0
