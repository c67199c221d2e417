; The counter counts down, a latched count stays, and the count begins again.
bits 16
org ${base}

        cli
        mov al, 34h
        out 43h, al
        mov ax, 50000
        out 40h, al
        mov al, ah
        out 40h, al
        call latch
        mov ax, bx
        sub ax, 49980
        cmp ax, 20
        call is                 ; it has just begun
        mov si, bx
        mov cx, 40000           ; 47.7 ticks
first:  loop first
        mov al, 0
        out 43h, al             ; latched now, read later
        mov cx, 40000
second: loop second
        call read
        sub si, bx
        mov ax, si
        sub ax, 46
        cmp ax, 4
        call is                 ; 46 to 50 ticks, not 95
        mov al, 34h
        out 43h, al
        mov al, 20              ; 20 ticks: 47.7 are two periods and 8
        out 40h, al
        mov al, 0
        out 40h, al
        mov cx, 40000
third:  loop third
        call latch
        mov ax, bx
        sub ax, 11
        cmp ax, 3
        call is                 ; 12 or so are left
        hlt

latch:  mov al, 0
        out 43h, al
read:   in al, 40h
        mov bl, al
        in al, 40h
        mov bh, al
        ret

; Reports 1 when the comparison was below or equal.
is:     mov ax, 1
        jbe report
        mov ax, bx
report: mov dx, ${report}
        out dx, ax
        ret
