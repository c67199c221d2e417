; Asks who the processor is: a leaf of its own, then the monitor's, whose signature it stores at 8000h.
bits 32
org ${base}

        mov eax, 0
        cpuid
        mov edx, ${port}
        mov eax, 0
        cmp ebx, 0              ; the processor has a vendor, and the monitor let it say so
        setne al
        out dx, eax
        mov eax, 40000000h
        cpuid
        mov [8000h], ebx
        mov [8004h], ecx
        mov [8008h], edx
        mov edx, ${port}
        out dx, eax             ; the highest leaf of the monitor
        hlt
