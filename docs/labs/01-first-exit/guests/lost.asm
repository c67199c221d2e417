; Has no interrupt table: the first interrupt finds zeros, the third fault is a shutdown.
bits 16
org ${base}

        lidt [limit]
        mov al, '!'
        mov dx, ${port}
        out dx, al
        int 3                   ; no room for an entry: fault, double fault, shutdown
limit:  dw 0
        dd 0
