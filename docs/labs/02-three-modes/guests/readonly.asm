; Writes to its read-only page: with CR0.WP that faults at level 0 too.
bits 32
org ${window}

        mov edx, ${port}
        mov al, 'r'
        out dx, al
        mov byte [${window+0x8000}], 1
        mov al, 'x'
        out dx, al
        hlt
