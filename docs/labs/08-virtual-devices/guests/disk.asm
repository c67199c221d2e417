; Reads a sector, changes it, writes it to the next one, and reads both.
bits 32
org ${base}

        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        mov eax, 0A0000h
        mov ecx, 512
        mov edx, ${sector}
        mov ebx, 3              ; read
        call put
        mov dx, ${bell}
        out dx, eax
        mov eax, [0A01FCh]      ; the end of the sector
        mov dx, ${report}
        out dx, eax
        mov dword [0A0000h], 12345678h
        mov eax, 0A0000h
        mov ecx, 512
        mov edx, ${sector+1}
        mov ebx, 4              ; write
        call put
        mov eax, 0A1000h
        mov ecx, 1024
        mov edx, ${sector}
        mov ebx, 3
        call put
        mov dx, ${bell}
        out dx, eax
        mov eax, [0A1000h]      ; not changed
        mov dx, ${report}
        out dx, eax
        mov eax, [0A1200h]
        mov dx, ${report}
        out dx, eax                         ; 12345678h
        mov eax, [0A13FCh]
        mov dx, ${report}
        out dx, eax                         ; the sector that was read first
        mov eax, [${ring+4}]
        mov dx, ${report}
        out dx, eax                         ; 3
        hlt

; Puts a descriptor into the queue: EAX address, ECX length, EDX sector, EBX operation.
put:    mov esi, [${ring}]
        and esi, ${size-1}
        shl esi, 4
        add esi, ${ring+16}
        mov [esi], eax
        mov [esi+4], ecx
        mov [esi+8], edx
        mov [esi+12], ebx
        inc dword [${ring}]
        ret
