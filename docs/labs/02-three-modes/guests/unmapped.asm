; Reads just behind its window: a page fault, and without an IDT a shutdown.
bits 32
org ${window}

        mov edx, ${port}
        mov al, 'u'
        out dx, al
        mov eax, [${window+0x10000}]
        mov al, 'x'
        out dx, al
        hlt
