; An interrupt without a table for it: a triple fault.
bits 16
org ${base}

        lidt [none]
        int 3

none:   dw 0
        dd 0
