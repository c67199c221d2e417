; Asks for reasons that did not occur, and for some that there are not.
bits 32
org ${base}

        mov ecx, 48             ; did not occur
        call both
        mov ecx, 35             ; Intel has no such reason
        call both
        mov ecx, 0FFFFFFFFh
        call both
        hlt

both:   mov ebp, ecx
        mov eax, ${leaf+2}
        cpuid
        call sum
        mov ecx, ebp
        mov eax, ${leaf+3}
        cpuid

; Reports EAX + EBX + ECX, which shall be 0, then EDX.
sum:    add eax, ebx
        add eax, ecx
        mov edi, edx
        mov dx, ${port}
        out dx, eax
        mov eax, edi
        out dx, eax
        ret
