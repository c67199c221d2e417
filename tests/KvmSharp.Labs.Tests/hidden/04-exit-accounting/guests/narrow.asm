; MMIO counts too; reasons have 32 bits; what a leaf does not say is 0.
bits 32
org ${base}

        mov eax, [200000h]      ; reason 48: reads 0
        mov dx, ${port}
        out dx, eax
        mov dword [200000h], 5
        mov ecx, 48
        mov eax, ${leaf+2}
        cpuid
        mov dx, ${port}
        out dx, eax
        mov ebx, 0FFFFh
        mov eax, ${leaf}
        cpuid
        mov esi, edx
        mov dx, ${port}
        add esi, ebx
        add esi, ecx
        out dx, eax             ; the total: MMIO, OUT, MMIO, CPUID, OUT, CPUID
        mov eax, esi
        out dx, eax             ; the other registers
        mov ecx, 1000Ah         ; not CPUID's number
        call both
        mov ecx, 0FFFFh         ; None is no reason
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
